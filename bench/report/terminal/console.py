"""Tables that fit the terminal: what matters least gives way first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from bench.report.terminal.safe_console import SafeTable

T = TypeVar("T")


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
