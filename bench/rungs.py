"""Which runs go on: asynchronous successive halving (ASHA; Li et al. 2020, https://arxiv.org/abs/1810.05934).

A run of n epochs is looked at after ceil(n / eta^i) epochs, i = 1, 2, ...: its rungs, counted from the lowest. It
goes on while it is among the best 1/eta of all that have reached the same rung so far.

Competitors are groups, not runs: the seeds of a group stand or fall together, by the first of them to reach a
rung. So no group is left with only the seeds that were lucky, whose mean would flatter it. A decision is made of
what had been measured when that first seed got there, so whoever asks again, and whenever, is told the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

ETA = 3


@dataclass(frozen=True)
class Halt:
    """That a run ends at a rung (from 1), after which epoch, and why."""

    rung: int
    epoch: int
    reason: str


@dataclass(frozen=True)
class Standing:
    """One run at one rung: its best value so far, larger is better, and when it got there (any clock).

    A run that diverged gave up its place `until` then.
    """

    run_id: str
    group_id: str
    value: float
    reached_at: float
    until: float = math.inf


def rung_epochs(epochs: int, eta: int = ETA) -> tuple[int, ...]:
    """Return after which epochs a run of so many epochs is looked at, ascending; never after its last."""
    found: list[int] = []
    while epochs > 1 and 1 not in found:
        found.append(-(-epochs // eta ** (len(found) + 1)))  # rounded up
    return tuple(reversed(found))


def rung_at(epoch: int, epochs: int, eta: int = ETA) -> int | None:
    """Return which rung (from 1) a run of `epochs` epochs reaches after `epoch`; None where it is none."""
    at = rung_epochs(epochs, eta)
    return at.index(epoch) + 1 if epoch in at else None


def why_pruned(group_id: str, standings: Iterable[Standing], eta: int = ETA) -> str | None:
    """Say why the runs of a group end at the rung that `standings` are of; None where they go on.

    Fewer than `eta` groups are never compared. Of n groups the best n // eta go on, and whoever ties with them.
    A value that is not a number is the worst. `standings` has to hold one of the group.
    """
    ordered = sorted(standings, key=lambda s: (s.reached_at, s.run_id))
    ahead = next(i for i, standing in enumerate(ordered) if standing.group_id == group_id)
    ours = ordered[ahead]
    first: dict[str, Standing] = {}
    for standing in ordered[:ahead]:
        if standing.until >= ours.reached_at:
            first.setdefault(standing.group_id, standing)
    first[group_id] = ours
    values = sorted((_worst_if_nan(s.value) for s in first.values()), reverse=True)
    if len(values) < eta:
        return None
    kept = len(values) // eta
    value = _worst_if_nan(ours.value)
    if value >= values[kept - 1]:
        return None
    place = values.index(value) + 1
    return f"Place {place} of {len(values)} at this rung, of which the best {kept} go on."


def _worst_if_nan(value: float) -> float:
    return value if value == value else float("-inf")  # noqa: PLR0124 - only NaN differs from itself
