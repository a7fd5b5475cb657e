"""Boards and lists as rich renderables that fit the terminal: what matters least gives way first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from rich import box
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from bench.report.columns import NEVER_RANKS, Column
from bench.report.layout import ESSENTIAL, PUBLISHED, board_columns, cell, heading, published_cell, seeds
from bench.report.notes import board_notes
from bench.report.overlaps import Overlaps
from bench.report.published import numbered
from bench.report.query import Query
from bench.report.tables import Board, Entry
from bench.report.units import DASH

T = TypeVar("T")


def boards_view(
    boards: Sequence[Board], console: Console, query: Query, *, limit: int = 0, overlaps: Overlaps | None = None
) -> RenderableType:
    """Show boards one below the other, or say why there is none."""
    if boards:
        return Group(*(board_view(board, console, limit=limit, overlaps=overlaps) for board in boards))
    asked = f" for {query.filters}" if query.filters else ""
    return Text(f"No finished runs{asked}. `bench runs` lists every run; `bench sweep` makes some.")


def board_view(board: Board, console: Console, *, limit: int = 0, overlaps: Overlaps | None = None) -> Group:
    """Show a board's first `limit` rows (0: all), with as many columns as fit, and what a reader must know."""
    columns = board_columns(board)
    entries = board.entries[:limit] if limit else board.entries
    parts: list[RenderableType] = [
        _title(board),
        fitting(columns, console, lambda kept: _table(board, entries, kept), _least_important_first(columns)),
    ]
    if hidden := len(board.entries) - len(entries):
        parts.append(Text(f"... and {hidden:,} more; --limit 0 shows all.", style="dim"))
    notes = "\n".join(board_notes(board, overlaps))
    return Group(*parts, Text(f"\n{notes}\n", style="dim"))


def fitting(columns: Sequence[T], console: Console, make: Callable[[list[T]], Table], drop: Iterable[T]) -> Table:
    """Make a table with as many of the columns as fit the console; those of `drop` give way, first ones first."""
    kept, unlimited = list(columns), console.options.update_width(10_000)
    table = make(kept)
    for column in drop:
        if Measurement.get(console, unlimited, table).maximum <= console.width:
            break
        kept.remove(column)
        table = make(kept)
    return table


def plain_table(headings: Iterable[str], *, right: Iterable[str] = ()) -> Table:
    """Make an empty table in the style of all our tables; `right` are headings over numbers, which never break."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold", show_edge=False)
    numbers = set(right)
    for name in headings:
        number = name in numbers
        table.add_column(name, justify="right" if number else "left", overflow="fold", no_wrap=number)
    return table


def _title(board: Board) -> Text:
    if not board.entries:
        return Text.assemble((board.title, "bold"), ("  published rows only, top-1 accuracy", "dim"))
    classes = board.entries[0].group.first.num_classes
    runs = sum(entry.group.seeds for entry in board.entries)
    several = f" of {len(targets)} targets" if len(targets := board.task.cut.target.split("+")) > 1 else ""
    title = Text.assemble(
        (board.title, "bold"),
        (f"  {classes} classes{several}, {runs} run{'s' * (runs != 1)}, top-1 accuracy", "dim"),
    )
    if board.machine is not None:
        title.append(f", times on {board.machine}", "dim")
    return title


def _table(board: Board, entries: Sequence[Entry], columns: Sequence[Column]) -> Table:
    numbers = [heading(column) for column in columns if column.unit != "text"]
    table = plain_table(["#", *map(heading, columns), "seeds"], right=["seeds", *numbers])
    width = len(str(len(board.entries)))
    for entry in entries:
        style = "bold green" if entry.pareto else ""
        cells = [Text(cell(entry.group, column, board), style=_style(column)) for column in columns]
        table.add_row(
            Text(f"{entry.rank:>{width}} {'*' if entry.pareto else ' '}"),
            *cells,
            Text(seeds(entry.group)),
            style=style,
        )
    for number, row in zip(numbered(board.published)[0], board.published, strict=True):
        cells = [Text(published_cell(row, column)) for column in columns]
        table.add_row(Text(f"{PUBLISHED} [{number}]"), *cells, Text(DASH), style="italic dim")
    return table


def _style(column: Column) -> str:
    return "dim" if column.key in NEVER_RANKS else ""


def _least_important_first(columns: Sequence[Column]) -> list[Column]:
    """Order the columns that may give way: what never ranks, then from the right."""
    rest = [column for column in columns if column.key not in ESSENTIAL][::-1]
    return sorted(rest, key=lambda column: column.key not in NEVER_RANKS)
