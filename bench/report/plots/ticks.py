"""Where an axis has its ticks, and what they say: as on a page (`templates/ticks.js`)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.units import SIZES, TIMES, Unit

Range = tuple[float, float]

_NICE_TIMES = (1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 36000, 360000)
_MORE_TIMES = (
    *(2e-4, 5e-4, 2e-3, 5e-3, 0.02, 0.05, 0.2, 0.5, 2, 5, 30, 120),
    *(300, 1800, 7200, 18000, 72000, 180000),
)
_COUNTS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Scaling:
    """From values to positions along an axis; a logarithmic one keeps a place for zero, left of all else."""

    log: bool
    zero: float | None = None

    def at(self, value: float) -> float:
        """Return the position of a value; of one below zero on a logarithmic axis, that of zero."""
        if not self.log:
            return value
        return math.log10(value) if value > 0 else (self.zero or 0.0)


def scaling_of(values: Sequence[float], *, log: bool) -> Scaling:
    """Return how these values are laid out."""
    if not log or all(value != 0 for value in values):
        return Scaling(log)
    return Scaling(log, math.log10(min((value for value in values if value > 0), default=1.0)) - 0.6)


def padded(positions: Iterable[float], share: float, least: float) -> Range:
    """Return the least and greatest position with `share` of room around them; it spans `least` at least."""
    found = list(positions)
    low, high = min(found), max(found)
    span, middle = max(high - low, least), (low + high) / 2
    return middle - span * (0.5 + share), middle + span * (0.5 + share)


def ticks(unit: Unit, scaling: Scaling, reach: Range, room: int) -> list[tuple[float, str]]:
    """Return the position and the text of each tick between the ends of `reach`; about `room` of them."""
    values = _log_ticks(unit, reach, room) if scaling.log else _linear_ticks(reach, room, whole=unit == "count")
    least = -math.inf if scaling.zero is None else scaling.zero + 0.3
    shown = [value for value in values if (math.log10(value) > least if scaling.log else value >= 0)]
    zero = [] if scaling.zero is None else [(scaling.zero, "0")]
    return [*zero, *((scaling.at(value), tick_text(value, unit)) for value in shown)]


def tick_text(value: float, unit: Unit) -> str:
    """Write a tick: `2.5M`, `30 s`, `90 %`."""
    if value == 0:
        return "0"
    if unit == "fraction":
        return f"{_trimmed(100 * value)} %"
    if unit in ("seconds", "bytes"):
        scales = TIMES if unit == "seconds" else (*SIZES, (1.0, "B"))
        size, name = next((one for one in scales if abs(value) >= one[0] * 0.9999), scales[-1])
        return f"{_trimmed(value / size)} {name}"
    size, letter = next((one for one in _COUNTS if abs(value) >= one[0]), (1.0, ""))
    return f"{_trimmed(value / size)}{letter}"


def _trimmed(value: float) -> str:
    """Write three significant digits without trailing zeros or an exponent."""
    text = f"{float(f'{value:.3g}'):.15f}".rstrip("0").rstrip(".")
    return text or "0"


def _log_ticks(unit: Unit, reach: Range, room: int) -> list[float]:
    low, high = reach
    lists = [
        [value for value in candidates if low <= math.log10(value) <= high]
        for candidates in _log_candidates(unit, low, high)
    ]
    return next((found for found in lists if 1 < len(found) <= room), lists[-1])


def _log_candidates(unit: Unit, low: float, high: float) -> list[list[float]]:
    if unit == "seconds":
        return [sorted((*_NICE_TIMES, *_MORE_TIMES)), list(_NICE_TIMES)]
    if unit == "bytes":
        powers = [2.0**power for power in range(0, 51, 10)]
        many = (1, 2, 5, 10, 20, 50, 100, 200, 500)
        return [[mantissa * power for power in powers for mantissa in few] for few in (many, (1, 10, 100))]
    exponents = range(math.floor(low) - 1, math.ceil(high) + 1)
    return [
        [mantissa * 10.0**power for power in exponents for mantissa in few] for few in ((1, 2, 5), (1, 3), (1,))
    ]


def _linear_ticks(reach: Range, room: int, *, whole: bool) -> list[float]:
    low, high = reach
    rough = (high - low) / max(1, room)
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(mantissa for mantissa in (1, 2, 5, 10) if mantissa * power >= rough)
    if whole:
        step = max(1, math.floor(step + 0.5))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]
