"""`bench mistakes`: test images with their true and predicted class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.given import not_empty
from bench.commands.options import AsJson, DataRoot, Db, Layout, Lists, RegistryFolders
from bench.commands.run_dataset import Where, open_run_dataset
from bench.commands.trained import Run
from bench.errors import BenchError, unknown_name

if TYPE_CHECKING:
    from PIL import Image

    from bench.data.datasets import Dataset
    from bench.report.look.mistakes import Chosen
    from bench.spec import TransformSpec
    from bench.store.rows import RunRow

THUMBNAIL = 224
"""Images are shown with at most so many pixels a side."""

Target = Annotated[
    str | None, typer.Option("--target", callback=not_empty, help="Which head of a joint run; default: its first.")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write a picture (.png) or a page (.html) of the images.")
]


def mistakes(
    run: Run, *,
    most: Annotated[int, typer.Option("--most", "-n", min=1, max=1000, help="How many images.")] = 25,
    sort: Annotated[str, typer.Option("--sort", help="confidence, doubt, class or order.")] = "confidence",
    target: Target = None,
    everything: Annotated[bool, typer.Option("--all", help="Right ones too, spread evenly over all.")] = False,
    out: Out = None, json: AsJson = False, db: Db = None, dataset: Where = None, layout: Layout = None,
    lists: Lists = None, registry: RegistryFolders = None, data_root: DataRoot = None,
) -> None:  # fmt: skip
    """Show test images that a run gets wrong: true class, predicted class, and how sure it was, surest first.

    They come from the scores that the run kept, so no model is needed; the dataset has to be on this machine.

    Example: bench mistakes 3fa9c1 --most 40 --out mistakes.html
    """
    from bench.commands.display import terminal
    from bench.inference.class_names import class_names
    from bench.report.export.records import to_json
    from bench.report.look.mistakes import SORTS, choose, judge, mistake_records, summary
    from bench.report.terminal.mistakes_list import mistakes_view
    from bench.store.artifacts import Artifacts
    from bench.store.finished import finished_spec
    from bench.store.store import Store

    if sort not in SORTS:
        raise unknown_name("order", sort, SORTS, BenchError)
    _check(out, most)
    with Store.open(db, create=False) as store:
        stored = store.run(run)
        spec = finished_spec(stored)
        head, artifacts = _head(spec.dataset.targets, target), Artifacts.of(store)
        made = artifacts.predictions(stored.row.run_id).of(head).test
    data = open_run_dataset(spec.dataset, dataset, registry, data_root, layout=layout, lists=lists)
    names = class_names(stored, artifacts).names.get(head) or [str(i) for i in range(made.logits.shape[1])]
    chosen = choose(judge(made, names), most=most, sort=sort, everything=everything)  # type: ignore[arg-type] # checked
    said = f"{head}: " * (len(spec.dataset.targets) > 1) + summary(chosen, everything=everything, sort=sort)  # type: ignore[arg-type] # checked
    if out:
        _write(chosen, _thumbnails(chosen, data, spec.transform), said, stored.row, out)
        terminal.err().print(str(out), soft_wrap=True)
    if json:
        terminal.write(to_json(mistake_records(chosen, stored.row.run_id, head)))
    else:
        terminal.out().print(mistakes_view(chosen))
        terminal.out().print(said, style="dim")


def _head(targets: tuple[str, ...], wanted: str | None) -> str:
    if wanted is not None and wanted not in targets:
        raise unknown_name("target of the run", wanted, targets, BenchError)
    return wanted or targets[0]


def _check(out: Path | None, most: int) -> None:
    if out is None:
        return
    from bench.report.look.mistakes_picture import MOST
    from bench.report.plots.pictures import check_png

    if out.suffix.lower() not in (".html", ".htm"):
        check_png(out, ".html")
        if most > MOST:
            raise BenchError(
                f"A picture shows no {most} images.", f"It has room for {MOST}.", "Write a page: --out NAME.html."
            )


def _write(chosen: Chosen, images: list[Image.Image], title: str, row: RunRow, out: Path) -> None:
    from bench.report.look.mistakes_page import write_mistakes
    from bench.report.look.mistakes_picture import draw_mistakes

    model = f"{row.backbone} · {row.strategy} · {row.dataset} · run {row.run_id[:12]}"
    draw = draw_mistakes if out.suffix.lower() == ".png" else write_mistakes
    draw(chosen.shown, images, title, model, out)


def _thumbnails(chosen: Chosen, data: Dataset, transform: TransformSpec) -> list[Image.Image]:
    """Decode the images that are shown, by their ids. The dataset is the run's, so that each of them is there."""
    source, places = (
        data.images("test", transform),
        {id_: at for at, id_ in enumerate(data.manifest.splits["test"].ids)},
    )
    images = [source.image(places[one.id]) for one in chosen.shown]
    for image in images:
        image.thumbnail((THUMBNAIL, THUMBNAIL))
    return images
