"""Boards of very many rows: those that a page lists, and how densely the others lie.

Listed are the best, and for every cost the front of each strategy within each family. What is on the front of some
strategies and families is on the front of one of them, so whichever a reader keeps, that front is exact; under a
budget too, if it limits the cost that is the axis.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.board.columns import COLUMNS, Column
from bench.report.board.groups import Group
from bench.report.board.tables import Board, front
from bench.report.plots.figures import X_AXES, Y_AXES
from bench.report.site.board_data import Legend

MOST_ROWS = 6_000
"""Rows of one board that a page lists in full."""

MOST_IN_ALL = 12_000
"""Rows of all boards together: more would make the page's data too large."""

BEST = 500
"""Rows that are listed for their rank where not all are."""

COLUMNS_OF_BINS, ROWS_OF_BINS = 60, 40

Point = tuple[float, float]


@dataclass(frozen=True)
class Listed:
    """The places of a board's entries that a page lists, and the `density` of the others as plain data.

    `places` is None where all are listed.
    """

    places: Sequence[int] | None = None
    density: Mapping[str, Any] | None = None

    def note(self, total: int) -> str:
        """Say what is listed of `total` rows, and what a filter can make of them."""
        listed = len(self.places or ())
        return (
            f"Of {total:,} rows {listed:,} are listed and drawn: the {BEST} best, and the front of every cost "
            "within each strategy and family. So the line is exact whichever of these are shown, and under a "
            "budget on the axis; under a budget on something else it is that of the rows listed. The other "
            f"{total - listed:,} rows are the squares of the plot, darker where more of them lie; "
            "`bench leaderboard --limit 0` lists all."
        )


def room_for(boards: Sequence[Board]) -> int:
    """Return how many rows of each board there is room for."""
    total = sum(len(board.entries) for board in boards)
    return MOST_ROWS if total <= MOST_IN_ALL else min(MOST_ROWS, MOST_IN_ALL // len(boards))


def list_rows(board: Board, legend: Legend, room: int, best: int = BEST) -> Listed:
    """Choose what a page lists of a board that has more than `room` rows; the others become a density."""
    if len(board.entries) <= room:
        return Listed()
    groups = [entry.group for entry in board.entries]
    kept = {place for place, entry in enumerate(board.entries) if entry.rank <= best} | _on_a_front(board, groups)
    others = [group for place, group in enumerate(groups) if place not in kept]
    return Listed(sorted(kept), {"rows": len(others), "bins": _bins(board, others, legend)})


def _on_a_front(board: Board, groups: Sequence[Group]) -> set[int]:
    cells: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        cells[group.first.strategy, group.family].append(place)
    found: set[int] = set()
    for places in cells.values():
        here = [groups[place] for place in places]
        for key in X_AXES:
            for machine in machines_of(board, COLUMNS[key]):
                found.update(places[index] for index in front(here, COLUMNS[key], machine))
    return found


def machines_of(board: Board, column: Column) -> Sequence[str | None]:
    """Return the hardwares that a column is looked at on, one at a time; None where it does not matter."""
    return board.machines if column.hardware else (None,)


def _bins(board: Board, groups: Sequence[Group], legend: Legend) -> dict[str, Any]:
    """Count rows per strategy in the cells of a grid: cost -> accuracy -> hardware -> [strategy, x, y, count].

    x and y are the middle of the cell; where an axis is logarithmic, so is the grid, with a cell for zero.
    """
    strategies = list(legend.colours)
    of = [strategies.index(group.first.strategy) for group in groups]
    heights = {key: [group.mean(key) for group in groups] for key in Y_AXES}
    return {
        key: [
            {
                name: _counted(of, _costs(groups, key, machine), ys, log=COLUMNS[key].log)
                for name, ys in heights.items()
            }
            for machine in machines_of(board, COLUMNS[key])
        ]
        for key in X_AXES
    }


def _costs(groups: Sequence[Group], key: str, machine: str | None) -> list[float | None]:
    return [group.mean(key, machine) for group in groups]


def _counted(
    of: Sequence[int], xs: Sequence[float | None], ys: Sequence[float | None], *, log: bool
) -> list[list[float]]:
    points = [
        (strategy, _position(x, log=log), y)
        for strategy, x, y in zip(of, xs, ys, strict=True)
        if x is not None and y is not None
    ]
    across = _cells((x for _, x, _ in points if x is not None), COLUMNS_OF_BINS)
    upward = _cells((y for _, _, y in points), ROWS_OF_BINS)
    counts = Counter((strategy, across.cell(x), upward.cell(y)) for strategy, x, y in points)
    return [
        [strategy, _value(across.middle(column), log=log), float(f"{upward.middle(row) or 0:.4g}"), count]
        for (strategy, column, row), count in sorted(counts.items(), key=str)
    ]


@dataclass(frozen=True)
class _Cells:
    """Equal cells along an axis; None, a zero on a logarithmic axis, is the cell None."""

    low: float
    width: float
    last: int

    def cell(self, position: float | None) -> int | None:
        return None if position is None else min(self.last, int((position - self.low) / self.width))

    def middle(self, cell: int | None) -> float | None:
        return None if cell is None else self.low + (cell + 0.5) * self.width


def _cells(positions: Iterable[float], count: int) -> _Cells:
    known = list(positions) or [0.0]
    return _Cells(min(known), (max(known) - min(known)) / count or 1.0, count - 1)


def _position(value: float, *, log: bool) -> float | None:
    if not log:
        return value
    return math.log10(value) if value > 0 else None


def _value(position: float | None, *, log: bool) -> float:
    if position is None:
        return 0
    return float(f"{10**position if log else position:.4g}")
