"""A board as one table: its columns with their reasons, its rows with values and texts, its notes.

Terminal, pages, notebooks, CSV, Markdown, LaTeX and JSON render this one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bench.report.board.columns import Column
from bench.report.board.groups import Group
from bench.report.board.layout import CHOSEN, DISTURBED, Reason, machine_letters, short_name, shown_columns
from bench.report.board.notes import board_notes
from bench.report.board.overlaps import Overlaps
from bench.report.board.tables import Board, Entry, Published, numbered
from bench.units import DASH, show_spread

PUBLISHED = "published"
"""What stands in the place of a rank in a row that was not measured here."""

_SHORT_ID = 8


@dataclass(frozen=True)
class Cell:
    """Value of a row in a column: text, or the mean over seeds with its standard deviation (`spread`).

    `before` and `after` mark the text, unless it is a dash. `printed` numbers are as their source prints them.
    """

    column: Column
    value: float | str | None
    spread: float | None = None
    before: str = ""
    after: str = ""
    printed: bool = False

    @property
    def text(self) -> str:
        """The value as people read it: with its spread if it is an accuracy, with its marks."""
        unit = self.column.unit
        if isinstance(self.value, str):
            text = short_name(self.value)
        elif self.printed and self.value is not None and unit == "fraction":
            text = f"{100 * self.value:.4g}"
        else:
            text = show_spread(self.value, self.spread if unit == "fraction" else None, unit)
        return text if text == DASH else f"{self.before}{text}{self.after}"


@dataclass(frozen=True)
class Row:
    """One row: that of `entry`, measured here, or of `published`, whose source and note have the number `note`."""

    cells: Sequence[Cell]
    entry: Entry | None = None
    published: Published | None = None
    note: int = 0

    @property
    def place(self) -> str:
        """The rank, or that the row was published."""
        return str(self.entry.rank) if self.entry else PUBLISHED

    @property
    def mark(self) -> str:
        """A star for what is Pareto-optimal; of a published row the number of its note."""
        return ("*" if self.pareto else "") if self.entry else f"[{self.note}]"

    @property
    def pareto(self) -> bool:
        """Whether no other row is as good in accuracy and cost, and better in one."""
        return self.entry is not None and self.entry.pareto

    @cached_property
    def texts(self) -> list[str]:
        """The texts of the cells."""
        return [cell.text for cell in self.cells]

    @property
    def seeds(self) -> str:
        """How many seeds a mean has, and of how many that were tried if some failed or diverged."""
        group = self.entry.group if self.entry else None
        if not group or not group.seeds:
            return DASH
        return f"{group.seeds} of {group.seeds + group.lost}" if group.lost else str(group.seeds)

    @property
    def runs(self) -> str:
        """The runs behind the row, each by as many digits as `bench show` needs to find it."""
        return " ".join(run_id[:_SHORT_ID] for run_id in self.entry.group.run_ids) if self.entry else DASH


@dataclass(frozen=True)
class BoardTable:
    """One board as a table. `reasons` has why each column is shown; with a `limit`, so many measured rows are."""

    board: Board
    columns: Sequence[Column]
    reasons: Mapping[Column, Reason] = field(default_factory=dict)
    notes: Sequence[str] = ()
    limit: int = 0

    @classmethod
    def of(
        cls,
        board: Board,
        overlaps: Overlaps | None = None,
        *,
        also: Sequence[str] = (),
        limit: int = 0,
        page: bool = False,
    ) -> BoardTable:
        """Lay a board out for people: the columns that it needs and those of `also`, and what to know of it."""
        reasons = shown_columns(board, also)
        return cls(board, list(reasons), reasons, board_notes(board, overlaps, page=page), limit)

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The measured rows in the order of the board, then the published ones."""
        return [*self.measured, *self.published]

    @property
    def headings(self) -> list[str]:
        """The titles of the columns; a dagger marks what never ranks."""
        return [column.heading for column in self.columns]

    @cached_property
    def measured(self) -> Sequence[Row]:
        """A row for each entry of the board, up to the limit."""
        letters = machine_letters(self.board) if len(self.board.machines) > 1 else {}
        rows = []
        for entry in self.board.entries[: self.limit or None]:
            group = entry.group
            letter = f" {letters[group.machines[0]]}" if letters and group.machines else ""
            rows.append(
                Row([cell_of(group, column, self.board.machine, letter) for column in self.columns], entry)
            )
        return rows

    @cached_property
    def published(self) -> Sequence[Row]:
        """A row for each published one."""
        rows = []
        numbers = numbered(self.board.published)[0]
        for number, row in zip(numbers, self.board.published, strict=True):
            words = {"backbone": row.backbone, "strategy": row.label}
            cells = [
                Cell(column, words.get(column.key, row.values.get(column.key)), printed=True)
                for column in self.columns
            ]
            rows.append(Row(cells, published=row, note=number))
        return rows


def cell_of(group: Group, column: Column, machine: str | None = None, letter: str = "") -> Cell:
    """Return what a group has in a column: an ensemble that val chose and a disturbed time carry their mark.

    `letter` is that of the group's hardware, which its times carry among several.
    """
    if column.unit == "text":
        chosen = column.key == "strategy" and group.ensemble and group.ensemble.chosen_on_val
        return Cell(column, column.of(group.first), after=f" {CHOSEN}" if chosen else "")
    mean, std, _ = group.stat(column.key, machine)
    before = DISTURBED if group.is_disturbed(column.key, machine) else ""
    return Cell(column, mean, std, before, letter if column.hardware else "")
