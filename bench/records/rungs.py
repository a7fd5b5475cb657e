"""Which runs go on: successive halving (ASHA; Li et al. 2020, https://arxiv.org/abs/1810.05934).

The rungs of a run of n epochs are after ceil(n / eta^i) epochs, i = 1, 2, ..., counted from the lowest. A run goes
on while its value at a rung is among the best 1/eta of all that have reached that rung. Unlike in ASHA the
question is asked again after each epoch: a run that passed when few had come by ends once enough better ones have.

Competitors are groups, not runs: a group's value is that of the first of its seeds to reach the rung, and seeds
stand or fall together. So no group is left with only the seeds that were lucky, whose mean would flatter it. The
answer depends on what is recorded and on nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ETA = 3


@dataclass(frozen=True)
class Halt:
    """The end of a run: the rung (from 1) that it was compared at, after which of its epochs, and why."""

    rung: int
    epoch: int
    reason: str


@dataclass(frozen=True)
class Standing:
    """One run at one rung: its best value up to there, larger is better, and when it got there (any clock)."""

    run_id: str
    group_id: str
    value: float
    reached_at: float


def rung_epochs(epochs: int, eta: int = ETA) -> tuple[int, ...]:
    """Return after which epochs a run of so many epochs is looked at, ascending; never after its last."""
    found: list[int] = []
    while epochs > 1 and 1 not in found:
        found.append(-(-epochs // eta ** (len(found) + 1)))  # rounded up
    return tuple(reversed(found))


def rungs_until(epoch: int, epochs: int, eta: int = ETA) -> tuple[int, ...]:
    """Return the rungs (from 1) that a run of `epochs` epochs has reached after `epoch`, the highest first."""
    return tuple(range(sum(at <= epoch for at in rung_epochs(epochs, eta)), 0, -1))


def group_values(standings: Iterable[Standing]) -> dict[str, float]:
    """Return the value of each group at a rung: that of its first run to get there, NaN being the worst."""
    values: dict[str, float] = {}
    for standing in sorted(standings, key=lambda s: (s.reached_at, s.run_id)):
        value = -math.inf if math.isnan(standing.value) else standing.value
        values.setdefault(standing.group_id, value)
    return values


def is_compared(values: Mapping[str, float], eta: int = ETA) -> bool:
    """Whether enough groups have reached a rung to compare them: `eta`."""
    return len(values) >= eta


def why_pruned(group_id: str, values: Mapping[str, float], eta: int = ETA) -> str | None:
    """Return why the runs of a group end, given the values of all groups at a rung; None if they go on.

    Of n groups the best n // eta go on, and all that tie with the last of them. Fewer than `eta` are not compared,
    nor is a group that has no value there.
    """
    if group_id not in values or not is_compared(values, eta):
        return None
    ordered, kept = sorted(values.values(), reverse=True), len(values) // eta
    if values[group_id] >= ordered[kept - 1]:
        return None
    place = ordered.index(values[group_id]) + 1
    return f"Place {place} of {len(values)} at this rung, of which the best {kept} go on."
