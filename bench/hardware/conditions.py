"""What was going on while something was timed, and when a time counts as disturbed.

`load` is how many cores the rest of the machine kept busy, `slowdown` how much longer a fixed matrix product took
than it ever took on this machine, `cpu_s` the CPU seconds of the work itself. Torch-free arithmetic;
`bench.hardware.gauge` measures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LOAD = 0.1
"""Others may keep so large a share of the cores that the work computes with busy before a time is disturbed."""

SLOWDOWN = 1.25
"""The matrix product may take so many times as long as at its best before a time is disturbed."""

SHARE = 0.1
"""A time is disturbed if at least so large a share of it is."""


@dataclass(frozen=True)
class Conditions:
    """The conditions that seconds were measured under; None is what is not known."""

    cpu_s: float | None = None
    load: float | None = None
    slowdown: float | None = None
    disturbed: bool | None = None


@dataclass(frozen=True)
class Part:
    """Some seconds of a time, and the conditions that they were measured under."""

    seconds: float
    conditions: Conditions


def added(parts: Sequence[Part], part: Part) -> list[Part]:
    """Return `parts` with one more, added up with the one that is as disturbed as it: at most three."""
    alike = [p for p in parts if p.conditions.disturbed is part.conditions.disturbed]
    others = [p for p in parts if p.conditions.disturbed is not part.conditions.disturbed]
    return [*others, Part(sum(p.seconds for p in [*alike, part]), combined([*alike, part]))]


def is_disturbed(load: float | None, slowdown: float | None, threads: int, cores: int) -> bool | None:
    """Whether others took cores that `threads` threads of work needed, or computing was slow; None if unknown.

    Others that kept busy only cores that the work leaves idle disturb it no more than the matrix product says.
    """
    if load is None and slowdown is None:
        return None
    taken = 0.0 if load is None else load - max(0, cores - threads)
    return taken > LOAD * threads or (slowdown is not None and slowdown > SLOWDOWN)


def combined(parts: Sequence[Part]) -> Conditions:
    """Return the conditions of a time that is the sum of `parts`, of which those of 0 seconds are left out.

    CPU seconds add up; load and slowdown are means over its seconds. It is disturbed if disturbed parts make up
    `SHARE` of it, and not known to be or not if parts that are not known make up that much.
    """
    parts = [part for part in parts if part.seconds > 0]
    total = math.fsum(part.seconds for part in parts)

    def share(which: bool | None) -> float:  # noqa: FBT001 - the value looked for
        return math.fsum(p.seconds for p in parts if p.conditions.disturbed is which) / total if total else 0.0

    disturbed = share(True) >= SHARE  # noqa: FBT003 - the value looked for
    return Conditions(
        cpu_s=_sum([part.conditions.cpu_s for part in parts]),
        load=_mean([(part.seconds, part.conditions.load) for part in parts]),
        slowdown=_mean([(part.seconds, part.conditions.slowdown) for part in parts]),
        disturbed=None if not parts or (not disturbed and share(None) >= SHARE) else disturbed,
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known and len(known) == len(values) else None


def _mean(values: Sequence[tuple[float, float | None]]) -> float | None:
    """Average values by their weights; None if a value is not known."""
    known = [(weight, value) for weight, value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    return math.fsum(weight * value for weight, value in known) / math.fsum(weight for weight, _ in known)
