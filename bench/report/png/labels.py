"""Names beside the points of a front, which cover neither each other nor points nor whiskers.

They cover the line only if they must; what finds no place is left out: the rules of a page's
`labels.js`. Lengths are points (1/72 inch).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.textpath import TextPath

from bench.report.plots.scatter import Point, Scatter
from bench.report.png.theme import GROUND, INK, cut

_SIZE, _TALL, _GAP, _MOST, _LETTERS = 7.5, 10.0, 6.0, 40, 48
_PLACES = ((-1, 1), (-1, 0), (0, 1), (1, -1), (0, -1), (1, 1), (-1, -1), (1, 0))
"""Where a name may stand, best first; (-1, 1) is left and above: the side that the front rules out."""

Spot = tuple[float, float]


class Box(NamedTuple):
    """A rectangle, measured from the lower left of the axes."""

    left: float
    low: float
    right: float
    high: float

    def touches(self, other: Box) -> bool:
        """Whether the two share room."""
        return (
            self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high
        )

    def within(self, other: Box) -> bool:
        """Whether all of it lies in the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.low <= self.low
            and self.high <= other.high
        )


def label_front(axes: Axes, shown: Scatter, size: tuple[float, float]) -> None:
    """Write the names of the front's points, the highest first; `size` is that of the axes in points."""
    whole, spot = Box(0.0, 0.0, *size), _spots(shown, size)
    taken = [_around(spot(point), 5.5 if point.front else 4.5) for point in (*shown.points, *shown.published)]
    lines = _line_boxes([_scaled(shown, corner, size) for corner in shown.steps])
    taken += [box for point in shown.points if point.spread for box in _whisker(shown, point, point.spread, size)]
    named = sorted((point for point in shown.points if point.front), key=lambda point: -point.y)
    for point in named[:_MOST]:
        text = cut(f"{point.name}, {point.strategy}", _LETTERS)
        wide = float(TextPath((0, 0), text, size=_SIZE).get_extents().width) + 4
        boxes = [_placed(spot(point), wide, place) for place in _PLACES]
        free = [box for box in boxes if box.within(whole) and not any(box.touches(other) for other in taken)]
        clear = [box for box in free if not any(box.touches(line) for line in lines)]
        if box := next(iter(clear or free), None):
            taken.append(box)
            at = (box.left + 2) / size[0], (box.low + box.high) / 2 / size[1]
            ground = {"facecolor": GROUND, "alpha": 0.85, "linewidth": 0, "pad": 0.8}
            axes.text(
                *at, text, size=_SIZE, color=INK, va="center", transform=axes.transAxes, bbox=ground, zorder=4
            )


def _spots(shown: Scatter, size: tuple[float, float]) -> Callable[[Point], Spot]:
    return lambda point: _scaled(shown, (shown.x.scaling.at(point.x), point.y), size)


def _scaled(shown: Scatter, place: Spot, size: tuple[float, float]) -> Spot:
    ends = zip(place, (shown.x.reach, shown.y.reach), size, strict=True)
    x, y = (length * (at - low) / (high - low) for at, (low, high), length in ends)
    return x, y


def _around(spot: Spot, radius: float) -> Box:
    return Box(spot[0] - radius, spot[1] - radius, spot[0] + radius, spot[1] + radius)


def _line_boxes(corners: list[Spot]) -> list[Box]:
    """Return the steps of the front as thin boxes."""
    return [
        Box(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)
        for a, b in pairwise(corners)
    ]


def _whisker(shown: Scatter, point: Point, spread: float, size: tuple[float, float]) -> list[Box]:
    ends = [(shown.x.scaling.at(point.x), point.y + side * spread) for side in (-1, 1)]
    return _line_boxes([_scaled(shown, end, size) for end in ends])


def _placed(spot: Spot, wide: float, place: tuple[int, int]) -> Box:
    side, rise = place
    left = spot[0] - wide / 2 if side == 0 else spot[0] - _GAP - wide if side < 0 else spot[0] + _GAP
    middle = spot[1] + rise * (12.0 if side == 0 else 8.5)
    return Box(left, middle - _TALL / 2, left + wide, middle + _TALL / 2)
