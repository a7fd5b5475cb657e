"""Which points no other point beats: the Pareto front, exact, with ties kept."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from operator import neg
from typing import Any

Cost = tuple[float, ...]


def pareto_front(
    points: Sequence[Any], *, maximize: Iterable[Hashable] = (), minimize: Iterable[Hashable] = ()
) -> list[int]:
    """Return the indices of the points that no other point dominates, in the order of `points`.

    A point is a mapping or a sequence of numbers; `maximize` and `minimize` are the keys or positions to compare.
    One point dominates another if it is at least as good on every axis and better on one, so equal points stand or
    fall together. A point with None, NaN or an infinity on an axis is never on the front and dominates nothing.
    O(n log n) for one or two axes; O(n x front) beyond.
    """
    up, down = tuple(maximize), tuple(minimize)
    if not up and not down:
        raise ValueError("a Pareto front needs at least one axis")
    costs: list[tuple[Cost, int]] = []
    for index, point in enumerate(points):
        values = [*[point[axis] for axis in down], *[point[axis] for axis in up]]
        if None not in values and all(map(math.isfinite, values)):
            signed = (*values[: len(down)], *map(neg, values[len(down) :]))
            costs.append((signed, index))
    costs.sort()
    front = _many_axes(costs) if len(up) + len(down) > 2 else _two_axes(costs)  # noqa: PLR2004 - as it says
    return sorted(front)


def _two_axes(costs: list[tuple[Cost, int]]) -> list[int]:
    """Walk up the first axis: a point stays if its other axis is below all before it, or it equals the last."""
    front: list[int] = []
    last: Cost | None = None
    for cost, index in costs:
        if last is None or cost == last or (cost[-1] < last[-1] and len(cost) > 1):
            front.append(index)
            last = cost
    return front


def _many_axes(costs: list[tuple[Cost, int]]) -> list[int]:
    """Compare each point with the front so far: in sorted order only an earlier point can dominate a later one."""
    front: list[tuple[Cost, int]] = []
    for cost, index in costs:
        dominated = (other != cost and all(a <= b for a, b in zip(other, cost, strict=True)) for other, _ in front)
        if not any(dominated):
            front.append((cost, index))
    return [index for _, index in front]
