"""Boards on a terminal: as many columns as fit on one line, else each row takes two."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from bench.report.board.board_table import BoardTable, Row
from bench.report.board.columns import Column
from bench.report.board.layout import ESSENTIAL
from bench.report.board.overlaps import Overlaps
from bench.report.board.query import Query
from bench.report.board.tables import Board
from bench.report.plots.figures import colours_of
from bench.report.plots.scatter import board_scatter
from bench.report.terminal.colours import strategy_style
from bench.report.terminal.console import fits, fitting, plain_table
from bench.report.terminal.scatter_view import LINES, scatter_view

StyleOf = Callable[[Row], str]
"""The style of a row's strategy."""

_READABLE, _WIDE, _WORTH_IT = 120, 80, 4
"""Columns of a line of notes; columns of a terminal, and rows of a board, from which a plot shows unasked."""

_LEAST_NAME = 10


def boards_view(
    boards: Sequence[Board],
    console: Console,
    query: Query,
    *,
    limit: int = 0,
    overlaps: Overlaps | None = None,
    plot: bool | None = False,
) -> RenderableType:
    """Show boards one below the other, or why there is none; `plot` None draws one if there is a single board."""
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
    table = BoardTable.of(board, overlaps, limit=limit)
    parts: list[RenderableType] = [_title(board), _fitting_table(table, console)]
    if limit and (hidden := max(0, len(board.entries) - limit)):
        parts.append(Text(f"... and {hidden:,} more; --limit 0 shows all.", style="dim"))
    notes = Text("\n" + "\n".join(table.notes) + "\n", style="dim")
    parts.append(Constrain(notes, _READABLE if console.is_terminal else None))
    drawn = plot if plot is not None else _has_room(board, parts, console)
    if drawn and board.entries:
        parts[1:1] = [Text(""), scatter_view(board_scatter(board), console), Text("")]
    return Group(*parts)


def _title(board: Board) -> Text:
    if not board.entries:
        return Text.assemble((board.title, "bold"), ("  published rows only, top-1 accuracy", "dim"))
    title = Text.assemble(
        (board.title, "bold"),
        (f"  {board.extent}, top-1 accuracy", "dim"),
    )
    if board.machine is not None and board.machine not in board.title:
        title.append(f", times on {board.machine}", "dim")
    return title


def _fitting_table(table: BoardTable, console: Console) -> Table:
    """Make a table that fits: what matters least gives way, and if that is not enough, rows take two lines.

    The first to go is what never ranks, then from the right. The cost that Pareto marks weigh stays as long as
    rows take one line: without it nobody sees why a row has its mark.
    """
    least = [column for column in reversed(table.columns) if table.reasons[column] not in (*ESSENTIAL, "cost")]
    drop = sorted(least, key=lambda column: not column.never_ranks)
    colours = colours_of(entry.group.first.strategy for entry in table.board.entries)

    def style_of(row: Row) -> str:
        return strategy_style(colours[row.entry.group.first.strategy], console) if row.entry else ""

    made = fitting(table.columns, console, lambda kept: _one_line(table, kept, style_of), drop)
    if fits(made, console):
        return made
    last = [column for reason in ("cost", "tuning") for column in table.columns if table.reasons[column] == reason]
    return fitting(table.columns, console, lambda kept: _two_lines(table, kept, style_of), [*drop, *last])


def _one_line(table: BoardTable, columns: Sequence[Column], style_of: StyleOf) -> Table:
    numbers = [column.heading for column in columns if column.unit != "text"]
    made = plain_table(["#", *(column.heading for column in columns), "seeds"], right=["seeds", *numbers])
    width = len(str(len(table.board.entries)))
    places = [place for place, column in enumerate(table.columns) if column in columns]
    for row in table.rows:
        cells = [Text(row.texts[at], style=_style(table.columns[at], row, style_of)) for at in places]
        place = Text(f"{row.place:>{width}} {row.mark or ' '}", style="bold green" if row.pareto else "")
        made.add_row(place, *cells, Text(row.seeds), style=_row_style(row))
    return made


def _two_lines(table: BoardTable, columns: Sequence[Column], style_of: StyleOf) -> Table:
    """Put words other than the backbone below it, and spreads below their means."""
    places = [place for place, column in enumerate(table.columns) if column in columns]
    words = [at for at in places[1:] if table.columns[at].unit == "text"]
    numbers = [at for at in places if table.columns[at].unit != "text"]
    made = plain_table([])
    made.add_column("#", justify="right", no_wrap=True)
    below = ", ".join(table.columns[at].title for at in words)
    made.add_column(f"{columns[0].title}\n{below}", overflow="fold", min_width=_LEAST_NAME)
    for at in numbers:
        made.add_column(table.headings[at].replace(" %", "\n%"), justify="right", no_wrap=True)
    for row in table.rows:
        told = ", ".join(row.texts[at] for at in words)
        under = f"{row.place}, {row.published.label}" if row.published else told
        place = row.mark if row.published else f"{row.place}{row.mark or ' '}"
        made.add_row(
            Text(place, style="bold green" if row.pareto else ""),
            Text.assemble(row.texts[places[0]], "\n", (under, style_of(row))),
            *(Text(row.texts[at].replace(" ± ", "\n±")) for at in numbers),
            style=_row_style(row),
        )
    return made


def _row_style(row: Row) -> str:
    return "italic dim" if row.published else "bold" if row.pareto else ""


def _style(column: Column, row: Row, style_of: StyleOf) -> str:
    if column.key == "strategy":
        return style_of(row)
    return "dim" if column.never_ranks and row.entry else ""


def _has_room(board: Board, parts: Sequence[RenderableType], console: Console) -> bool:
    """Whether a plot and all of a board are seen at once on a terminal, so that nothing scrolls away."""
    if not console.is_terminal or console.width < _WIDE or len(board.entries) < _WORTH_IT:
        return False
    taken = sum(len(console.render_lines(part)) for part in parts)
    return taken + LINES < console.height
