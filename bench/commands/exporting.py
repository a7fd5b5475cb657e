"""The steps of `bench export`: read, write in the format that is asked for, name the files that were made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.boards import read_boards
from bench.commands.filtering import check_filters
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


@dataclass(frozen=True)
class Request:
    """What is wanted, of which runs, in which format; `out` None means standard output."""

    what: str
    run: str | None
    out: Path | None
    format: Format
    query: Query


def request_of(what: str, run: str | None, out: Path | None, form: str | None, query: Query) -> Request:
    """Check what is asked for, before anything is read. Raises BenchError for what does not go together."""
    if what not in WHATS:
        raise unknown_name("export", what, WHATS, BenchError)
    if run is None and what in _OF_A_RUN:
        raise BenchError(
            f"{what} is a picture of one run.", "No run is named.", f"Name one, as in: bench export {what} 3fa9c1"
        )
    if run is not None and what not in (*_OF_A_RUN, "epochs"):
        raise BenchError(f"{what} is not of one run.", f"The run {run} is named.", "Leave it out.")
    file = None if out is None or str(out) == "-" else out
    return Request(what, run, file, chosen_format(form, file, WHATS[what], what), query)


def export_boards(asked: Request, db: str | None, registry: list[Path] | None, *, published: bool) -> None:
    """Write leaderboards, or their fronts alone."""
    from bench.report.board.overlaps import known_overlaps
    from bench.report.board.tables import front_board
    from bench.report.export.csv_text import to_csv
    from bench.report.export.latex import to_latex
    from bench.report.export.markdown import to_markdown
    from bench.report.export.records import BOARD_FIELDS, board_records, to_json

    boards = read_boards(db, asked.query, registry, published=published)
    if asked.what == "front":
        boards = [front_board(board) for board in boards]
    if asked.format.name == "parquet":
        _write_parquet(asked, board_records(boards), BOARD_FIELDS)
        return
    writers: dict[str, Callable[[], str]] = {
        "csv": lambda: to_csv(board_records(boards), BOARD_FIELDS),
        "json": lambda: to_json(board_records(boards)),
        "markdown": lambda: to_markdown(boards, known_overlaps(registry)),
        "latex": lambda: to_latex(boards, known_overlaps(registry)),
    }
    _write_text(asked, writers[asked.format.name]())


def export_rows(asked: Request, db: str | None, registry: list[Path] | None) -> None:
    """Write the runs that pass the filters, or their epochs, as the database has them."""
    from bench.report.board.query import select_rows
    from bench.report.export.csv_text import to_csv
    from bench.report.export.records import EPOCH_FIELDS, epoch_records, row_records, to_json
    from bench.store.rows import RunRow
    from bench.store.store import Store

    with Store.open(db, create=False) as store:
        rows = store.rows()
        check_filters(rows, asked.query, registry)
        kept = [store.run(asked.run).row] if asked.run else select_rows(rows, asked.query)
        if asked.what == "runs":
            fields, records = tuple(RunRow._fields), row_records(kept)
        else:
            fields = EPOCH_FIELDS
            records = epoch_records(kept, {row.run_id: store.epochs(row.run_id) for row in kept})
    if asked.format.name == "parquet":
        _write_parquet(asked, records, fields)
    else:
        _write_text(asked, to_csv(records, fields) if asked.format.name == "csv" else to_json(records))


def export_pareto(
    asked: Request, db: str | None, registry: list[Path] | None, *, published: bool, height: str | None, dpi: int
) -> None:
    """Draw each board over its cost; of several each has a file of its own."""
    from bench.report.plots.figures import Y_AXES

    if height is not None and height not in Y_AXES:
        raise unknown_name("height", height, Y_AXES, BenchError)
    boards = read_boards(db, asked.query, registry, published=published)
    if not boards:
        raise BenchError(
            "There is nothing to draw.", "No finished run passes the filters.", "`bench runs` lists every run."
        )
    drawn = [(board.title, _drawing(board, height)) for board in boards]
    _write_pictures(asked, drawn, dpi)


def export_run(asked: Request, db: str | None, split: str, dpi: int) -> None:
    """Draw a part of the look at one run; of several heads each has a file of its own."""
    from bench.inference.class_names import class_names
    from bench.report.look.files import pictures
    from bench.report.look.look import look_at
    from bench.store.store import Store

    if split not in ("test", "val"):
        raise BenchError(f"Unknown split {split!r}.", "Valid: test, val.", "Take one of them.")
    with Store.open(db, create=False) as store:
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
    from bench.report.export.file_names import file_names
    from bench.report.places import written_to
    from bench.report.png.theme import write_picture

    out = asked.out or Path()  # a picture has a file
    names = file_names([name for name, _ in drawn])
    paths = [out] if len(drawn) == 1 else [out.with_name(f"{out.stem}-{name}{out.suffix}") for name in names]
    for path, (_, draw) in zip(paths, drawn, strict=True):
        with written_to(path, "reports/pareto.png"):
            write_picture(path, draw, asked.format.name, dpi)
    _name_files(paths)


def _name_files(paths: Sequence[Path]) -> None:
    from bench.commands.display import terminal

    for path in paths:
        terminal.out().print(str(path), soft_wrap=True)
