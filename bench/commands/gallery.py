"""`bench datasets NAME --picture`: a dataset's images by class, before anything is trained on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import DataError, unknown_name

if TYPE_CHECKING:
    from bench.data.checks.check import OfficialSplit
    from bench.data.datasets import Dataset
    from bench.data.gallery import Gallery
    from bench.registry.entries import DatasetEntry


def write_gallery(
    entry: DatasetEntry, data_root: Path | None, picture: Path, asked: tuple[str | None, str | None], *, json: bool
) -> None:
    """Write the picture and name it on stdout; `asked` are the split and the target, None for the usual ones.

    Raises DataError for a dataset that is not here, and for a split or a target that it does not have.
    """
    from bench.commands.display import terminal
    from bench.data.datasets import open_dataset
    from bench.data.gallery import gallery
    from bench.disk.atomic import atomic_file
    from bench.report.export.records import to_json
    from bench.report.places import written_to
    from bench.report.plots.gallery_sheet import draw_gallery
    from bench.report.plots.pictures import check_png

    check_png(picture)
    dataset = open_dataset(entry, data_root=data_root)
    shown = gallery(dataset, *_chosen(dataset, *asked))
    drawn = draw_gallery(*_words(dataset, shown))
    with written_to(picture, "reports/images.png"), atomic_file(picture) as temporary:
        drawn.save(temporary, format="PNG")
    for fault in shown.faults:
        terminal.err().print(f"note: {fault}", soft_wrap=True, highlight=False)
    if json:
        terminal.write(to_json(_record(entry.name, shown, picture)))
    else:
        terminal.out().print(str(picture), soft_wrap=True)


def _chosen(dataset: Dataset, split: str | None, target: str | None) -> tuple[OfficialSplit, str]:
    manifest = dataset.manifest
    official = next((name for name in manifest.splits if name == (split or "train")), None)
    if official is None:
        raise unknown_name(f"split of the dataset {manifest.name}", split or "train", manifest.splits, DataError)
    targets = [*manifest.classes, *manifest.groups]
    if target is not None and target not in targets:
        raise unknown_name(f"target of the dataset {manifest.name}", target, targets, DataError)
    return official, target or manifest.default_target


def _words(dataset: Dataset, shown: Gallery) -> tuple[str, list[Any], list[str]]:
    """Return the title, the blocks and the notes of the picture."""
    from bench.report.plots.gallery_sheet import Block

    blocks = [Block(one.name, f"{one.count:,} image{'s' * (one.count != 1)}", one.images) for one in shown.classes]
    total = sum(one.count for one in shown.classes)
    most = max((len(one.images) for one in shown.classes), default=0)
    part = f"{len(shown.classes)} of its " if len(shown.classes) < shown.of else ""
    title = f"{dataset.entry.name}, {shown.split}: {total:,} images of {part}{shown.of} classes"
    first = f"the first {most} images" if most > 1 else "the first image"
    notes = [f"Of each class {first} of {shown.split} in the dataset's own order, whole."]
    if part:
        notes.append("Classes at even distances are shown.")
    if shown.faults:
        notes.append(f"A cross is an image that cannot be read: {len(shown.faults)} of those that would be shown.")
    return title, blocks, notes


def _record(name: str, shown: Gallery, picture: Path) -> dict[str, object]:
    return {
        "dataset": name,
        "split": shown.split,
        "target": shown.target,
        "picture": str(picture),
        "classes": [{"class": one.name, "images": one.count, "shown": list(one.ids)} for one in shown.classes],
        "unreadable": list(shown.faults),
    }
