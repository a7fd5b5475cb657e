"""What a chart shows, before anything draws it: matplotlib makes a PNG of it, plotly a part of a page.

Colours are roles, named in `ROLES`; lengths of `x` and `y` are equal; None and NaN are gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.report.plots.figures import PALETTE, Colour

Role = Literal["train", "val", "test", "right", "wrong", "model", "cooled", "gap", "muted"]
ROLES: dict[Role, Colour] = {
    "train": PALETTE[1],
    "val": PALETTE[0],
    "test": PALETTE[2],
    "right": PALETTE[0],
    "wrong": PALETTE[1],
    "model": PALETTE[0],
    "cooled": PALETTE[2],
    "gap": PALETTE[1],
    "muted": Colour("#5b636c", "#9ba4ad"),
}
"""What a colour stands for in a run's charts: blue and orange stay apart for the colour-blind and in print."""

ERRORS = Colour("#d55e00", "#ff8f4a")
HITS = Colour("#0072b2", "#56b4e9")
"""The darkest colours of a confusion matrix: images mistaken, and images right."""


@dataclass(frozen=True)
class Axis:
    """`percent` axes hold fractions; `low` and `high` bound what is drawn, None leaves it to the values."""

    label: str
    percent: bool = False
    log: bool = False
    low: float | None = None
    high: float | None = None
    whole: bool = False


@dataclass(frozen=True)
class Series:
    """One line, one set of bars (of `width`, from `base` up to `y`), or one staircase through bins of `width`.

    `lows` and `highs` are the ends of whiskers.
    """

    name: str
    kind: Literal["line", "bars", "gaps", "steps", "dashes"]
    role: Role
    x: Sequence[float]
    y: Sequence[float]
    width: Sequence[float] = ()
    base: Sequence[float] = ()
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Panel:
    """One pair of axes. `marked` draws an upright line at x with a word beside it; `diagonal` the line y = x.

    `strip` are bars in a low pair of axes below, on the same x.
    """

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    marked: tuple[float, str] | None = None
    diagonal: bool = False
    strip: Series | None = None
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """Panels side by side under one title; `name` is that of its file, `subject` the run that it is of."""

    name: str
    title: str
    subject: str
    caption: str
    panels: Sequence[Panel] = field(default_factory=tuple)
