"""`bench export`: tables and pictures for papers, spreadsheets and other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.boards import boards_text, read_boards, records_text
from bench.commands.filtering import check_filters
from bench.commands.filters import (
    Backbone,
    Budget,
    Cost,
    Dataset,
    Reverse,
    Sort,
    Strategy,
    Target,
    WithPublished,
    as_limits,
)
from bench.commands.given import not_empty
from bench.commands.options import Db, RegistryFolders
from bench.errors import BenchError, unknown_name
from bench.report.export.formats import DATA, PICTURES, TABLES, Format, chosen_format

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bench.report.board.query import Query
    from bench.report.board.tables import Board

EXAMPLE = "reports/leaderboard.csv"
_OF_A_RUN = ("curves", "confusion", "classes", "calibration")
WHATS = {
    **dict.fromkeys(("leaderboard", "front"), TABLES),
    **dict.fromkeys(("runs", "epochs"), DATA),
    **dict.fromkeys(("pareto", *_OF_A_RUN), PICTURES),
}
"""What can be exported, and the formats that it comes in."""

What = Annotated[
    str,
    typer.Argument(
        callback=not_empty,
        help="leaderboard, front, runs, epochs; as pictures: pareto, curves, confusion, classes, calibration.",
    ),
]
Run = Annotated[
    str | None,
    typer.Argument(callback=not_empty, help="The run's id, for a picture of one run, or its epochs alone."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The file to write; its ending is the format. - or none prints text."),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        callback=not_empty,
        help="csv, json, markdown, latex, parquet; png, svg, pdf; default: as the file ends.",
    ),
]
Height = Annotated[
    str | None,
    typer.Option("--height", callback=not_empty, help="Of pareto: val_top1 or test_top1 upwards, over --cost."),
]
Split = Annotated[str, typer.Option("--split", help="Of a run's picture: test or val.")]
Dpi = Annotated[int, typer.Option("--dpi", min=50, max=600, help="Dots per inch of a PNG.")]


def export(
    what: What,
    run: Run = None,
    *,
    out: Out = None,
    form: FormatName = None,
    db: Db = None,
    dataset: Dataset = None,
    target: Target = None,
    budget: Budget = None,
    backbone: Backbone = None,
    strategy: Strategy = None,
    sort: Sort = "val_top1",
    reverse: Reverse = False,
    cost: Cost = None,
    published: WithPublished = False,
    height: Height = None,
    split: Split = "test",
    dpi: Dpi = 150,
    registry: RegistryFolders = None,
) -> None:
    """Write a table (CSV, Parquet, JSON, Markdown, LaTeX) or a picture (PNG, SVG, PDF).

    leaderboard and front are what `bench leaderboard` shows, all rows, each with the ids of its runs; runs and
    epochs are the database's own rows, nothing averaged. Several datasets share a CSV, and have a picture each.

    Example: bench export front --dataset cub --budget 10M --cost gmacs -o front.tex
    """
    from bench.report.board.query import Query

    _checked(what, run)
    file = None if out is None or str(out) == "-" else out
    written_as = chosen_format(form, file, WHATS[what], what)
    query = Query(
        dataset, target, as_limits(budget, registry), backbone, strategy, sort=sort, reverse=reverse, cost=cost
    )
    asked = Request(what, run, file, written_as, query, db=db, registry=registry)
    if what in ("leaderboard", "front"):
        _export_boards(asked, published=published)
    elif what in ("runs", "epochs"):
        _export_rows(asked)
    elif what == "pareto":
        _export_pareto(asked, published=published, height=height, dpi=dpi)
    else:
        _export_run(asked, split, dpi)


@dataclass(frozen=True)
class Request:
    """Table or picture to export, filter of runs, and format; `out` None means standard output."""

    what: str
    run: str | None
    out: Path | None
    format: Format
    query: Query
    db: str | None
    registry: list[Path] | None


def _checked(what: str, run: str | None) -> None:
    """Raise BenchError for what does not go together."""
    if what not in WHATS:
        raise unknown_name("export", what, WHATS, BenchError)
    if run is None and what in _OF_A_RUN:
        raise BenchError(
            f"{what} is a picture of one run.", "No run is named.", f"Name one, as in: bench export {what} 3fa9c1"
        )
    if run is not None and what not in (*_OF_A_RUN, "epochs"):
        raise BenchError(f"{what} is not of one run.", f"The run {run} is named.", "Leave it out.")


def _export_boards(asked: Request, *, published: bool) -> None:
    """Write leaderboards, or their fronts alone."""
    from bench.report.board.tables import front_board
    from bench.report.export.records import BOARD_FIELDS, board_records

    boards = read_boards(asked.db, asked.query, asked.registry, published=published)
    if asked.what == "front":
        boards = [front_board(board) for board in boards]
    if asked.format.name == "parquet":
        _write_parquet(asked, board_records(boards), BOARD_FIELDS)
    else:
        _write_text(asked, boards_text(boards, asked.format.name, asked.registry))


def _export_rows(asked: Request) -> None:
    """Write the runs that pass the filters, or their epochs, as the database has them."""
    from bench.report.board.query import select_rows
    from bench.report.export.records import EPOCH_FIELDS, epoch_records, row_records
    from bench.store.rows import RunRow
    from bench.store.store import Store

    with Store.open(asked.db, create=False) as store:
        rows = store.rows()
        check_filters(rows, asked.query, asked.registry)
        kept = [store.run(asked.run).row] if asked.run else select_rows(rows, asked.query)
        if asked.what == "runs":
            fields, records = tuple(RunRow._fields), row_records(kept)
        else:
            fields = EPOCH_FIELDS
            records = epoch_records(kept, {row.run_id: store.epochs(row.run_id) for row in kept})
    if asked.format.name == "parquet":
        _write_parquet(asked, records, fields)
    else:
        _write_text(asked, records_text(records, fields, asked.format.name))


def _export_pareto(asked: Request, *, published: bool, height: str | None, dpi: int) -> None:
    """Draw each board over its cost; of several each has a file of its own."""
    from bench.report.plots.figures import Y_AXES

    if height is not None and height not in Y_AXES:
        raise unknown_name("height", height, Y_AXES, BenchError)
    boards = read_boards(asked.db, asked.query, asked.registry, published=published)
    if not boards:
        raise BenchError(
            "There is nothing to draw.", "No finished run passes the filters.", "`bench runs` lists every run."
        )
    drawn = [(board.title, _drawing(board, height)) for board in boards]
    _write_pictures(asked, drawn, dpi)


def _export_run(asked: Request, split: str, dpi: int) -> None:
    """Draw a part of the look at one run; of several heads each has a file of its own."""
    from bench.inference.class_names import class_names
    from bench.report.look.files import pictures
    from bench.report.look.look import look_at
    from bench.store.store import Store

    if split not in ("test", "val"):
        raise BenchError(f"Unknown split {split!r}.", "Valid: test, val.", "Take one of them.")
    with Store.open(asked.db, create=False) as store:
        seen = look_at(
            store, str(asked.run), class_names, split="val" if split == "val" else "test", what=[asked.what]
        )
    _write_pictures(asked, list(pictures(seen)), dpi)


def _drawing(board: Board, height: str | None) -> Callable[[], Figure]:
    from bench.report.board.notes import scatter_notes
    from bench.report.plots.scatter import HEIGHT, board_scatter
    from bench.report.png.pareto import draw_pareto

    shown = board_scatter(board, height or HEIGHT)
    return partial(draw_pareto, shown, board.summary, " ".join(scatter_notes(board, shown)))


def _write_text(asked: Request, text: str) -> None:
    from bench.commands.display import terminal
    from bench.disk.atomic import write_text
    from bench.report.places import written_to
    from bench.units import visible

    if asked.out is None:
        terminal.write(text)
        return
    with written_to(asked.out, EXAMPLE):
        write_text(asked.out, visible(text if text.endswith("\n") else text + "\n"))
    _name_files([asked.out])


def _write_parquet(asked: Request, records: Sequence[dict[str, object]], fields: Sequence[str]) -> None:
    from bench.report.export.frames import to_frame, write_parquet
    from bench.report.places import written_to

    out = asked.out or Path()  # a format that is no text has a file
    with written_to(out, EXAMPLE):
        write_parquet(to_frame(records, fields), out)
    _name_files([out])


def _write_pictures(asked: Request, drawn: Sequence[tuple[str, Callable[[], Figure]]], dpi: int) -> None:
    from bench.report.export.file_names import sibling_paths
    from bench.report.places import written_to
    from bench.report.png.theme import write_picture

    out = asked.out or Path()  # a picture has a file
    paths = sibling_paths(out, [name for name, _ in drawn])
    for path, (_, draw) in zip(paths, drawn, strict=True):
        with written_to(path, "reports/pareto.png"):
            write_picture(path, draw, asked.format.name, dpi)
    _name_files(paths)


def _name_files(paths: Sequence[Path]) -> None:
    from bench.commands.display import terminal

    for path in paths:
        terminal.out().print(str(path), soft_wrap=True)
