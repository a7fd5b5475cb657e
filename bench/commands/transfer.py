"""`bench transfer`: a finished run on another dataset, without training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands import options as o
from bench.commands.given import not_empty
from bench.commands.options import Db
from bench.commands.trained import Run, Weights
from bench.errors import BenchError, DataError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.data.checks.check import OfficialSplit
    from bench.data.manifest import Manifest
    from bench.registry.entries import DatasetEntry
    from bench.registry.loading import Registry
    from bench.store.rows import RunRow

LabelMap = Annotated[
    str,
    typer.Option(
        "--label-map",
        callback=not_empty,
        help="A TOML file that says which class of ours each of theirs is, or the name of one in the registry.",
    ),
]
Split = Annotated[str, typer.Option("--split", help="The other dataset's official split: test, train or val.")]
TheirTarget = Annotated[
    str | None,
    typer.Option("--target", callback=not_empty, help="The other dataset's labels, where it has several."),
]
TrainedOn = Annotated[
    str | None,
    typer.Option(
        "--trained-on",
        callback=not_empty,
        help="The run's own dataset, where the registry does not know it: folder:PATH. Its classes' groups count.",
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, help="At most so many images, each class keeping its share.")
]
Images = Annotated[
    str | None,
    typer.Option(
        "--images",
        callback=not_empty,
        help="What is said of single images: so many at random, or all.",
        metavar="N|all",
    ),
]
Random = Annotated[int, typer.Option("--random", min=0, help="Of --images N: the seed that draws them.")]
TableOut = Annotated[
    Path | None, typer.Option("--table", help="Write these images as a .csv, a .json or a page (.html).")
]
ConfusionOut = Annotated[
    Path | None, typer.Option("--confusion", help="Draw (.png) what their classes are taken for, head by head.")
]


def transfer(
    run: Run, dataset: o.Dataset, label_map: LabelMap, split: Split = "test", target: TheirTarget = None,
    limit: Limit = None, images: Images = None, random: Random = 0, table: TableOut = None,
    confusion: ConfusionOut = None, trained_on: TrainedOn = None, groups: o.Groups = None, layout: o.Layout = None,
    lists: o.Lists = None, skip_damaged: o.SkipDamaged = False, drop_duplicates: o.DropDuplicates = False,
    db: Db = None, registry: o.RegistryFolders = None, data_root: o.DataRoot = None, weights: Weights = None,
    device: o.Device = "auto", json: o.AsJson = False,
) -> None:  # fmt: skip
    """Evaluate a finished run, without training, on another dataset.

    A label map says which of the run's classes each of the other dataset's is. It is checked by name: where a
    class goes to another one of ours than it is called, both readings are shown. Only mapped classes are
    evaluated. The scores are kept, so that another map needs no model; the same question again is looked up. With
    --images or --table each image is shown: its file, its label there, what each head says and how sure it is.

    Example: bench transfer 3fa9c1 --dataset tiny-imagenet --label-map tiny-imagenet-to-cifar100
    """
    from bench.commands.display import terminal
    from bench.commands.display.counting import Counting
    from bench.commands.transfer_images import check_places, count_of, show_found, write_confusions, write_table
    from bench.data.datasets import open_dataset
    from bench.data.finding import find_dataset
    from bench.hardware.device import pick
    from bench.store.store import Store
    from bench.transfer.answer import Question, Transferring
    from bench.transfer.label_map import find_map, read_map

    count = count_of(images)
    check_places(table, confusion)
    known = o.open_registry(registry)
    path = find_map(label_map, known.folders)
    with Store.open(db, create=False) as store:
        row, written = store.run(run).row, read_map(path)
        official = _official(split)
        there = find_dataset(known, dataset, layout=layout, lists=lists or ())
        there = there.leaving_out(damaged=skip_damaged, duplicates=drop_duplicates)
        opened = open_dataset(there, data_root=data_root)
        training = _training(known, row, trained_on, groups, data_root)
        notes = _notes(known, row, opened.entry.name, opened.manifest.fingerprint)
        asked = Question(row.run_id, opened, written, weights, path.stem, official, target, limit, training, notes)
        with Counting(terminal.err(), "Images") as bar:
            transferring = Transferring(store, asked, pick(device), lambda _, done, of: bar(done, of, ""))
            found = transferring.answer()
            shown = transferring.images(count, random) if images or table else None
    show_found(found, shown if images else None, alone=table is None, json=json)
    files = write_confusions(found, confusion) if confusion else []
    if shown and table:
        files.append(write_table(found, shown, opened.images(official), table))
    for file in files:
        terminal.err().print(str(file), soft_wrap=True, highlight=False)


def _official(split: str) -> OfficialSplit:
    from typing import get_args

    from bench.data.checks.check import OfficialSplit

    if split not in get_args(OfficialSplit):
        raise unknown_name("split", split, get_args(OfficialSplit), BenchError)
    return split  # type: ignore[return-value] # checked above


def _training(
    known: Registry, row: RunRow, where: str | None, groups: list[str] | None, data_root: Path | None
) -> Manifest | None:
    """Return the manifest of the run's own dataset, where it is known and has not changed."""
    from bench.data.datasets import known_as_seen

    entry = _own_entry(known, row, where, groups or ())
    manifest = known_as_seen(entry, row.fingerprint, data_root) if entry else None
    if manifest and manifest.fingerprint == row.fingerprint:
        return manifest
    if where is None:
        return None
    raise DataError(
        f"{where} is not the dataset that the run was trained on.",
        "Its classes, images or splits differ." if manifest else "bench has not opened it yet.",
        "Leave --trained-on out, or bring back the dataset as it was.",
    )


def _own_entry(known: Registry, row: RunRow, where: str | None, groups: Sequence[str]) -> DatasetEntry | None:
    """Return the entry of the run's own dataset: the one named, the registry's, or the folder opened last."""
    from bench.data.datasets import FOLDER
    from bench.data.finding import find_dataset
    from bench.data.sources.places import places_of
    from bench.registry.entries import DatasetEntry

    place = next(iter(places_of(row.fingerprint)), None)
    if where is None and place and row.dataset.startswith(FOLDER) and Path(place.path).exists():
        where = f"{FOLDER}{place.path}"
    if where and place and where.startswith(FOLDER):
        return find_dataset(known, where, groups, layout=place.layout, lists=list(place.lists))
    if where:
        return find_dataset(known, where, groups)
    here = row.dataset in {entry.name for entry in known.all(DatasetEntry)}
    return find_dataset(known, row.dataset, groups) if here else None


def _notes(known: Registry, row: RunRow, dataset: str, fingerprint: str) -> tuple[str, ...]:
    """Say what of the other dataset's images the run may have seen."""
    from bench.registry.entries import DatasetEntry
    from bench.report.board.overlaps import seen_note

    overlaps = {entry.name: entry.overlaps for entry in known.all(DatasetEntry)}
    same = fingerprint == row.fingerprint
    trained = "This is the dataset that the run was trained on: of train it has seen the images." if same else ""
    return tuple(note for note in (trained, seen_note(dataset, row, overlaps)) if note)
