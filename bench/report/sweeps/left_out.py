"""What a sweep left out, grouped by why: limits that are broken, with the numbers that broke them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bench.errors import BudgetError
from bench.plan.budget import Budget, parse_budget, quantity_of
from bench.records.runs import Rejected

MOST_GROUPS = 12
"""Reasons that stand on their own; rarer ones are together."""

REST = "Other reasons"
_BROKEN = re.compile(r"(\w+) \S+ > \S+")


@dataclass(frozen=True)
class Break:
    """One limit that a model breaks."""

    quantity: str
    value: float
    limit: float

    @property
    def times(self) -> float:
        """How many times the limit the model has."""
        return self.value / self.limit if self.limit else float("inf")


@dataclass(frozen=True)
class LeftOut:
    """One backbone x strategy that was left out; `breaks` is empty where that was for no limit."""

    rejected: Rejected
    breaks: tuple[Break, ...] = ()

    @property
    def over(self) -> float | None:
        """How many times the limit that it broke worst; None where it broke none that can be counted."""
        return max((one.times for one in self.breaks), default=None)


@dataclass(frozen=True)
class LeftOutGroup:
    """Everything that was left out for one reason, what came closest to fitting first."""

    reason: str
    members: tuple[LeftOut, ...]
    by_budget: bool

    @property
    def quantities(self) -> tuple[str, ...]:
        """The limits that its members broke."""
        return tuple(dict.fromkeys(one.quantity for member in self.members for one in member.breaks))


def left_out(rejected: Iterable[Rejected], budget: str, most: int = MOST_GROUPS) -> list[LeftOutGroup]:
    """Group what a sweep left out, the largest group first; `budget` is the sweep's own, as it was recorded."""
    limits = _limits(budget)
    groups: dict[tuple[bool, str], list[LeftOut]] = defaultdict(list)
    for one in rejected:
        names = _BROKEN.findall(one.reason)
        reason = f"Over the limit of {' and '.join(dict.fromkeys(names))}" if names else one.reason
        groups[bool(names), reason].append(LeftOut(one, _breaks(one, limits)))
    order = sorted(groups, key=lambda key: (-len(groups[key]), key[1]))
    kept = order if len(order) <= most else order[: most - 1]
    made = [LeftOutGroup(key[1], _sorted(groups[key]), key[0]) for key in kept]
    rest = [member for key in order[len(kept) :] for member in groups[key]]
    return [*made, LeftOutGroup(REST, _sorted(rest), by_budget=False)] if rest else made


def _limits(budget: str) -> Budget:
    try:
        return parse_budget(budget)
    except BudgetError:  # another version of bench wrote it
        return Budget()


def _breaks(rejected: Rejected, budget: Budget) -> tuple[Break, ...]:
    counts = rejected.counts
    if counts is None:
        return ()
    found = (Break(name, quantity_of(counts, name), limit) for name, limit in budget.limits)
    return tuple(one for one in found if one.value > one.limit)


def _sorted(members: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    def key(member: LeftOut) -> tuple[float, str, str]:
        over = member.over
        return (float("inf") if over is None else over, member.rejected.backbone, member.rejected.strategy)

    return tuple(sorted(members, key=key))
