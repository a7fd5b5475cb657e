"""A board on a narrow terminal: each row takes two lines, what tells it apart below its backbone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from bench.report.board.columns import Column
from bench.report.board.layout import PUBLISHED, cell, heading, published_cell
from bench.report.board.tables import Board, Entry, numbered
from bench.units import DASH

StyleOf = Callable[[Entry], str]
"""The style of a row's strategy."""

NAME = "backbone"
_LEAST_NAME = 10


def stacked_table(board: Board, entries: Sequence[Entry], columns: Sequence[Column], style_of: StyleOf) -> Table:
    """Make the table of these columns; words other than the backbone stand below it, spreads below their means."""
    words = [column for column in columns if column.unit == "text" and column.key != NAME]
    numbers = [column for column in columns if column.unit != "text"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold", show_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    below = ", ".join(column.title for column in words)
    table.add_column(f"{NAME}\n{below}", overflow="fold", min_width=_LEAST_NAME)
    for column in numbers:
        table.add_column(heading(column).replace(" %", "\n%"), justify="right", no_wrap=True)
    for entry in entries:
        under = Text(", ".join(cell(entry.group, column, board) for column in words), style=style_of(entry))
        name = next((cell(entry.group, column, board) for column in columns if column.key == NAME), "")
        cells = (Text(_under(cell(entry.group, column, board))) for column in numbers)
        mark = Text(f"{entry.rank}{'*' if entry.pareto else ' '}", style="bold green" if entry.pareto else "")
        table.add_row(mark, _joined(name, under), *cells, style="bold" if entry.pareto else "")
    for number, row in zip(numbered(board.published)[0], board.published, strict=True):
        under = Text(f"{PUBLISHED}, {row.label}")
        name = next((published_cell(row, column) for column in columns if column.key == NAME), DASH)
        cells = (Text(published_cell(row, column)) for column in numbers)
        table.add_row(Text(f"[{number}]"), _joined(name, under), *cells, style="italic dim")
    return table


def _joined(name: str, under: Text) -> Text:
    return Text.assemble(name, "\n", under)


def _under(text: str) -> str:
    """Put a spread below its mean."""
    return text.replace(" ± ", "\n±")
