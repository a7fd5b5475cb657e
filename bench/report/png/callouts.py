"""Numbers beside cells of a matrix that is too large for names, where it is empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bench.report.look.confusion import Counts, Order, Pair, Shares
from bench.report.png.theme import INK


def number_pairs(axes: Axes, pairs: Sequence[Pair], counts: Counts, order: Order) -> None:
    """Ring the worst pairs, and write their places in the list near them, where the matrix is empty."""
    place = {int(index): at for at, index in enumerate(order)}
    busy = (counts > 0).astype(float)
    for pair in pairs:
        busy[place[pair.true], place[pair.predicted]] = 4.0
    for number, pair in enumerate(pairs, 1):
        x, y = place[pair.predicted], place[pair.true]
        axes.plot(x, y, "s", markersize=7, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=0.7)
        at = _free_spot(x, y, busy)
        axes.text(*at, str(number), size=7, weight="bold", ha="center", va="center", color=INK)
        busy[_around(at, busy)] += 4.0


def _free_spot(x: int, y: int, busy: Shares) -> tuple[float, float]:
    """Find the emptiest of the spots around a cell; of equally empty ones the nearest."""
    reach = 0.022 * len(busy)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    spots = [
        (x + reach * far * np.cos(angle), y + reach * far * np.sin(angle))
        for far in (1, 1.5, 2)
        for angle in angles
    ]
    edge = 0.6 * reach
    inside = [spot for spot in spots if all(edge <= at <= len(busy) - 1 - edge for at in spot)]
    return min(inside, key=lambda spot: float(busy[_around(spot, busy)].sum()))


def _around(at: tuple[float, float], busy: Shares) -> tuple[slice, slice]:
    """Return the cells that a number at (x, y) covers."""
    half = 0.011 * len(busy)
    columns, rows = ((max(0, round(place - half)), round(place + half) + 1) for place in at)
    return slice(*rows), slice(*columns)
