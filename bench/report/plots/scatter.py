"""Accuracy against cost as points, before anything draws them: a picture, a terminal or a notebook.

The front is the board's own: it was decided on validation accuracy, whatever is drawn upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.board.columns import COLUMNS, Column
from bench.report.board.layout import short_name
from bench.report.board.tables import Board, Entry
from bench.report.plots.figures import Y_AXES
from bench.report.plots.ticks import Range, Scaling, padded, scaling_of

HEIGHT = Y_AXES[0]
"""What is drawn upwards unless asked otherwise: what a page shows first."""

_LEAST_SHARE = 0.02
_FENCE = 1.5


@dataclass(frozen=True)
class Point:
    """One row: where it stands, how much `y` differs over its seeds, whether it is on the front."""

    x: float
    y: float
    name: str
    strategy: str
    family: str = ""
    spread: float | None = None
    front: bool = False


@dataclass(frozen=True)
class View:
    """One axis: what it shows, how values become positions, and from which position to which."""

    column: Column
    scaling: Scaling
    reach: Range


@dataclass(frozen=True)
class Scatter:
    """Points and the axes that show them.

    `published` are points of others, on no front. `below` counts points under the lower end of y, `missing` rows
    that have no value on one of the axes.
    """

    points: Sequence[Point]
    published: Sequence[Point]
    x: View
    y: View
    below: int = 0
    missing: int = 0

    @property
    def steps(self) -> list[tuple[float, float]]:
        """The corners of the front in positions, left to right: flat until the next point, then up to it."""
        found = sorted((self.x.scaling.at(point.x), point.y) for point in self.points if point.front)
        corners: list[tuple[float, float]] = []
        for at, height in found:
            corners += [(at, corners[-1][1])] if corners else []
            corners.append((at, height))
        return [*corners, (self.x.reach[1], corners[-1][1])] if corners else []


def board_scatter(board: Board, height: str = HEIGHT) -> Scatter:
    """Return a board's rows over its cost; published ones where they print both values."""
    cost, y = board.cost, COLUMNS[height]
    points = [point for entry in board.entries if (point := _point(entry, board, height)) is not None]
    published = [
        Point(row.values[cost.key], row.values[height], short_name(row.backbone), row.label)
        for row in board.published
        if cost.key in row.values and height in row.values
    ]
    return scatter(points, cost, y, published, missing=len(board.entries) - len(points))


def scatter(
    points: Sequence[Point], x: Column, y: Column, published: Sequence[Point] = (), *, missing: int = 0
) -> Scatter:
    """Lay points out as a page does: far outliers below are left out of view, unless they are on the front."""
    drawn = [*points, *published]
    across = scaling_of([point.x for point in drawn], log=x.log and all(point.x >= 0 for point in drawn))
    if not drawn:
        views = View(x, across, (0.0, 1.0)), View(y, Scaling(log=False), (0.0, 1.0))
        return Scatter((), (), *views, missing=missing)
    floor = _floor(drawn)
    ends = [end for point in drawn if point.y >= floor for end in _ends(point)]
    low, high = padded(ends, 0.1, _LEAST_SHARE)
    share = y.unit == "fraction"
    reach = (max(low, -0.02), min(high, 1.02)) if share else (low, high)
    wide = padded([across.at(point.x) for point in drawn], 0.08, 1.0 if across.log else 1e-9)
    below = sum(point.y < reach[0] for point in drawn)
    views = View(x, across, wide), View(y, Scaling(log=False), reach)
    return Scatter(points, published, *views, below=below, missing=missing)


def _point(entry: Entry, board: Board, height: str) -> Point | None:
    group = entry.group
    x, y = group.stat(board.cost.key, board.machine), group.stat(height)
    if x.mean is None or y.mean is None:
        return None
    name, strategy = short_name(group.first.backbone), group.first.strategy
    return Point(x.mean, y.mean, name, strategy, group.family, spread=y.std, front=entry.pareto)


def _ends(point: Point) -> Range:
    return point.y - (point.spread or 0.0), point.y + (point.spread or 0.0)


def _floor(points: Sequence[Point]) -> float:
    """Return the least height worth showing: below the fence of the quartiles only the front counts."""
    heights = sorted(point.y for point in points)
    low, high = (heights[int(share * (len(heights) - 1))] for share in (0.25, 0.75))
    fence = low - _FENCE * (high - low)
    on_front = min((point.y for point in points if point.front), default=heights[-1])
    return min(on_front, *(height for height in heights if height >= fence))
