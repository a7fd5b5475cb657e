"""Boards and lists as rich renderables that fit the terminal: what matters least gives way first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.constrain import Constrain
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from bench.report.board.columns import NEVER_RANKS, Column
from bench.report.board.layout import ESSENTIAL, PUBLISHED, board_columns, cell, heading, published_cell, seeds
from bench.report.board.notes import board_notes
from bench.report.board.overlaps import Overlaps
from bench.report.board.query import Query
from bench.report.board.tables import Board, Entry, numbered
from bench.report.plots.figures import colours_of
from bench.report.plots.scatter import board_scatter
from bench.report.terminal.colours import strategy_style
from bench.report.terminal.safe_console import SafeTable
from bench.report.terminal.scatter_view import LINES, scatter_view
from bench.report.terminal.stacked_table import StyleOf, stacked_table
from bench.units import DASH

T = TypeVar("T")

_READABLE, _WIDE, _WORTH_IT = 120, 80, 4
"""Columns of a line of notes; columns of a terminal, and rows of a board, from which a plot shows unasked."""


def boards_view(
    boards: Sequence[Board],
    console: Console,
    query: Query,
    *,
    limit: int = 0,
    overlaps: Overlaps | None = None,
    plot: bool | None = False,
) -> RenderableType:
    """Show boards one below the other, or say why there is none; `plot` None draws one if there is one board."""
    if boards:
        drawn = plot if plot is not None or len(boards) == 1 else False
        return Group(*(board_view(board, console, limit=limit, overlaps=overlaps, plot=drawn) for board in boards))
    asked = f" for {query.filters}" if query.filters else ""
    return Text(f"No finished runs{asked}. `bench runs` lists every run; `bench sweep` makes some.")


def board_view(
    board: Board, console: Console, *, limit: int = 0, overlaps: Overlaps | None = None, plot: bool | None = False
) -> Group:
    """Show a board's first `limit` rows (0: all), with as many columns as fit, and what a reader must know.

    `plot` draws accuracy against cost above them; None draws it where all of it is seen at once.
    """
    entries = board.entries[:limit] if limit else board.entries
    parts: list[RenderableType] = [_title(board), _board_table(board, entries, console)]
    if hidden := len(board.entries) - len(entries):
        parts.append(Text(f"... and {hidden:,} more; --limit 0 shows all.", style="dim"))
    notes = Text("\n" + "\n".join(board_notes(board, overlaps)) + "\n", style="dim")
    parts.append(Constrain(notes, _READABLE if console.is_terminal else None))
    drawn = plot if plot is not None else _has_room(board, parts, console)
    if drawn and board.entries:
        parts[1:1] = [Text(""), scatter_view(board_scatter(board), console), Text("")]
    return Group(*parts)


@dataclass(frozen=True)
class Fitting(Generic[T]):
    """A table of as many of the columns as there is room for; those of `drop` give way, first ones first."""

    columns: Sequence[T]
    make: Callable[[list[T]], Table]
    drop: Sequence[T]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table that fits."""
        yield fitting(self.columns, console, self.make, self.drop, options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Measure the table that fits."""
        made = fitting(self.columns, console, self.make, self.drop, options.max_width)
        return Measurement.get(console, options, made)


def lines_table(
    headings: Sequence[str], lines: Sequence[Sequence[str]], *, drop: Sequence[str], words: int = 1
) -> Fitting[str]:
    """Lay lines of cells out under their headings; all but the first `words` columns are numbers."""

    def made(kept: Sequence[str]) -> Table:
        table = plain_table(kept, right=headings[words:])
        for line in lines:
            table.add_row(*(Text(cell) for name, cell in zip(headings, line, strict=True) if name in kept))
        return table

    return Fitting(headings, made, drop)


def fitting(
    columns: Sequence[T],
    console: Console,
    make: Callable[[list[T]], Table],
    drop: Iterable[T],
    width: int | None = None,
) -> Table:
    """Make a table with as many of the columns as fit; those of `drop` give way, first ones first."""
    kept = list(columns)
    table = make(kept)
    for column in drop:
        if fits(table, console, width):
            break
        kept.remove(column)
        table = make(kept)
    return table


def fits(table: Table, console: Console, width: int | None = None) -> bool:
    """Whether a table is shown without breaking anything, in `width` columns or those of the console."""
    unlimited = console.options.update_width(10_000)
    return Measurement.get(console, unlimited, table).maximum <= (width or console.width)


def command_line_text(command: str) -> Text:
    """Return a command to be copied: one line that is never wrapped, when it is printed with `crop=False`."""
    return Text(command, no_wrap=True, overflow="ignore")


def plain_table(headings: Iterable[str], *, right: Iterable[str] = ()) -> Table:
    """Make an empty table in the style of all our tables; `right` are headings over numbers, which never break."""
    table = SafeTable(
        box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold", show_edge=False
    )
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
    if board.machine is not None and board.machine not in board.title:
        title.append(f", times on {board.machine}", "dim")
    return title


def _board_table(board: Board, entries: Sequence[Entry], console: Console) -> Table:
    """Make a table that fits: what matters least gives way, and where that is not enough, rows take two lines."""
    columns = board_columns(board)
    drop = _least_important_first(columns, board.cost)
    colours = colours_of(entry.group.first.strategy for entry in board.entries)

    def style_of(entry: Entry) -> str:
        return strategy_style(colours[entry.group.first.strategy], console)

    table = fitting(columns, console, lambda kept: _table(board, entries, kept, style_of), drop)
    if fits(table, console):
        return table
    giving_way = [*drop, board.cost, *(column for column in columns if column.key == "tried")]
    return fitting(columns, console, lambda kept: stacked_table(board, entries, kept, style_of), giving_way)


def _table(board: Board, entries: Sequence[Entry], columns: Sequence[Column], style_of: StyleOf) -> Table:
    numbers = [heading(column) for column in columns if column.unit != "text"]
    table = plain_table(["#", *map(heading, columns), "seeds"], right=["seeds", *numbers])
    width = len(str(len(board.entries)))
    for entry in entries:
        cells = [
            Text(cell(entry.group, column, board), style=_style(column, entry, style_of)) for column in columns
        ]
        table.add_row(
            Text(
                f"{entry.rank:>{width}} {'*' if entry.pareto else ' '}", style="bold green" if entry.pareto else ""
            ),
            *cells,
            Text(seeds(entry.group)),
            style="bold" if entry.pareto else "",
        )
    for number, row in zip(numbered(board.published)[0], board.published, strict=True):
        cells = [Text(published_cell(row, column)) for column in columns]
        table.add_row(Text(f"{PUBLISHED} [{number}]"), *cells, Text(DASH), style="italic dim")
    return table


def _has_room(board: Board, parts: Sequence[RenderableType], console: Console) -> bool:
    """Whether a plot and all of a board are seen at once on a terminal, so that nothing scrolls away."""
    if not console.is_terminal or console.width < _WIDE or len(board.entries) < _WORTH_IT:
        return False
    taken = sum(len(console.render_lines(part)) for part in parts)
    return taken + LINES < console.height


def _style(column: Column, entry: Entry, style_of: StyleOf) -> str:
    if column.key == "strategy":
        return style_of(entry)
    return "dim" if column.key in NEVER_RANKS else ""


def _least_important_first(columns: Sequence[Column], cost: Column) -> list[Column]:
    """Order the columns that may give way on one line: what never ranks, then from the right.

    The cost that Pareto marks weigh stays: without it nobody sees why a row has its mark.
    """
    rest = [column for column in columns if column.key not in ESSENTIAL and column != cost][::-1]
    return sorted(rest, key=lambda column: column.key not in NEVER_RANKS)
