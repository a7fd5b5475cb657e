"""Numbers as people read them: accuracies in percent, counts with separators, times and sizes with their unit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

Unit = Literal["text", "fraction", "count", "gmacs", "seconds", "bytes", "rate", "loss"]

DASH = "–"  # noqa: RUF001 - an en dash says that there is no value

TIMES = ((3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"))
SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def show(value: float | str | None, unit: Unit) -> str:
    """Write one value with its unit (percent is left to the heading); a dash where there is no finite number."""
    if isinstance(value, str):
        return value
    if value is None or not math.isfinite(value):
        return DASH
    return _WRITERS.get(unit, _number)(value)


def show_spread(mean: float | None, std: float | None, unit: Unit) -> str:
    """Write a mean and, where there is one, its sample standard deviation: `90.6 ± 0.2`."""
    if mean is None or std is None:
        return show(mean, unit)
    return f"{show(mean, unit)} ± {show(std, unit)}"


def show_range(low: float, high: float) -> str:
    """Write a range of seconds, its ends in two digits and in one unit if they share it: `3.5 to 14 min`."""
    ends = [_scaled(value, TIMES, digits=2).split(" ") for value in (low, high)]
    (first, unit), (last, other) = ends
    return f"{first} to {last} {other}" if unit == other else f"{first} {unit} to {last} {other}"


def show_difference(first: float | None, second: float | None) -> str:
    """Write the difference of two shares in points with its sign, as a reader subtracts what is shown of them.

    Rounding the difference itself would print 81.7, 82.3 and -0.5 on one line. A dash where one is missing.
    """
    shown = [show(share, "fraction") for share in (first, second)]
    return DASH if DASH in shown else f"{Decimal(shown[0]) - Decimal(shown[1]):+}"


def short(value: float) -> str:
    """Write a count in three digits: `128k`, `4.26M`."""
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{letter}"
    return f"{value:.3g}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _gmacs(value: float) -> str:
    return f"{value:,.3f}"


def _loss(value: float) -> str:
    return f"{value:.3f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _seconds(value: float) -> str:
    return _scaled(value, TIMES)


def _bytes(value: float) -> str:
    return _scaled(value, SIZES) if abs(value) >= SIZES[-1][0] else f"{value:.0f} B"


def _scaled(value: float, units: tuple[tuple[float, str], ...], digits: int = 3) -> str:
    """Write a value in the largest unit that it fills, with three significant digits."""
    factor, name = next((unit for unit in units if abs(value) >= unit[0]), units[-1])
    places = max(0, digits - len(f"{abs(value / factor):.0f}"))
    return f"{value / factor:.{places}f} {name}"


_WRITERS = {"fraction": _percent, "gmacs": _gmacs, "seconds": _seconds, "bytes": _bytes, "loss": _loss}


_HIDDEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 (except tab and newline), DEL and C1: escape sequences begin with one
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, fillers and joiners
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"  # zero width, separators, bidi
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # formats of notations, tags
    "]"
)
"""Characters that move the cursor, change colours or the direction of writing, or take no room (Unicode's Cc, Zl,
Zp and the default ignorable code points, except variation selectors)."""


def visible(text: str) -> str:
    r"""Return text with every control, bidirectional and zero-width character as its escape: `\u001b`, `\u202e`.

    Newlines and tabs stay. The escapes are JSON's, so that JSON stays JSON and means the same.
    """
    return _HIDDEN.sub(_escape, text)


def on_one_line(text: str) -> str:
    """Return what `visible` does, with newlines and tabs escaped too: for a name inside a sentence or a cell."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def some_names(names: Sequence[str], most: int) -> str:
    """List at most `most` names, safe to print, and their number if there are more: `a, b, ... (7 in all)`."""
    more = f", ... ({len(names):,} in all)" if len(names) > most else ""
    return ", ".join(map(on_one_line, names[:most])) + more


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
