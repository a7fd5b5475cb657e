"""Boards and lists as rich renderables that fit the terminal: what matters least gives way first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.report.columns import NEVER_RANKS, Column
from bench.report.layout import board_columns, cell, heading, seeds
from bench.report.notes import board_notes
from bench.report.overlaps import Overlaps
from bench.report.query import Query
from bench.report.tables import Board, Entry

_KEPT = 4  # names and both accuracies stay on the narrowest terminal


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
        fitting(columns, console, lambda kept: _table(board, entries, kept)),
    ]
    if hidden := len(board.entries) - len(entries):
        parts.append(Text(f"... and {hidden:,} more; --limit 0 shows all.", style="dim"))
    notes = Text("\n".join(f"{note}" for note in board_notes(board, overlaps)), style="dim")
    return Group(*parts, Padding(notes, (1, 0, 1, 0)))


def fitting(columns: Sequence[Column], console: Console, make: Callable[[list[Column]], Table]) -> Table:
    """Make a table with as many of the columns as fit the console, the least important dropped first."""
    kept = list(columns)
    table = make(kept)
    while len(kept) > _KEPT and console.measure(table).maximum > console.width:
        kept.pop(_least_important(kept))
        table = make(kept)
    return table


def plain_table(headings: Iterable[str], *, right: Iterable[str] = ()) -> Table:
    """Make an empty table in the style of all our tables; the headings in `right` stand over numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    numbers = set(right)
    for name in headings:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table


def _title(board: Board) -> Text:
    classes = board.entries[0].group.first.num_classes if board.entries else 0
    title = Text.assemble(
        (board.title, "bold"), (f"  {classes} classes, {len(board.entries)} groups of runs", "dim")
    )
    if board.machine is not None:
        title.append(f", times on {board.machine}", "dim")
    return title


def _table(board: Board, entries: Sequence[Entry], columns: Sequence[Column]) -> Table:
    numbers = [heading(column) for column in columns if column.unit != "text"]
    table = plain_table(["#", "", *map(heading, columns), "seeds"], right=["#", "seeds", *numbers])
    for entry in entries:
        style = "bold green" if entry.pareto else ""
        cells = [Text(cell(entry.group, column, board), style=_style(column)) for column in columns]
        mark = Text("*" if entry.pareto else "")
        table.add_row(Text(str(entry.rank)), mark, *cells, Text(seeds(entry.group)), style=style)
    return table


def _style(column: Column) -> str:
    return "dim" if column.key in NEVER_RANKS else ""


def _least_important(columns: Sequence[Column]) -> int:
    """Return which column goes first when there is no room: what never ranks, then from the right."""
    never = [index for index, column in enumerate(columns) if column.key in NEVER_RANKS]
    return never[-1] if never else len(columns) - 1
