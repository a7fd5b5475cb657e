"""Every class as a bar: its F1, precision and recall as marks, weakest first, in as many columns as it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bench.report.look.class_scores import ClassScore
from bench.report.look.diagnosis import Diagnosis
from bench.report.plots.figures import PALETTE
from bench.report.png.theme import GROUND, INK, MUTED, cut, headed
from bench.units import show

MOST = 250
_A_COLUMN, _NAME = 50, 30
_BAR, _PRECISION, _RECALL = PALETTE[0].light, PALETTE[1].light, PALETTE[3].light


def draw_classes(diagnosis: Diagnosis, subject: str, split: str) -> Figure:
    """Draw a bar for each class, or for the weakest `MOST` of them."""
    shown = diagnosis.classes[:MOST]
    columns = math.ceil(len(shown) / _A_COLUMN)
    rows = math.ceil(len(shown) / columns)
    pitch = 0.27 if rows <= 20 else 0.165  # noqa: PLR2004 - inches of a row: few may be tall
    names = 0.082 * max(len(cut(score.name, _NAME)) for score in shown) * min(1.0, pitch / 0.2) + 0.35
    bar = 2.4 if columns > 1 else 4.4
    wide = names + bar + 0.75
    width, height = max(7.0, columns * wide + 0.2), rows * pitch + 1.9
    words = "Class by class", subject, _caption(diagnosis, split, len(shown))
    figure, bottom, top = headed(width, height, words)
    low, high = bottom + 0.42, top - 0.28
    for column in range(columns):
        part = shown[column * rows : (column + 1) * rows]
        tall = (high - low) * len(part) / rows
        box = ((column * wide + names) / width, (high - tall) / height, bar / width, tall / height)
        _draw_column(figure.add_axes(box), part, 0.62 * 72 * pitch, key=column == 0)
    return figure


def _caption(diagnosis: Diagnosis, split: str, shown: int) -> str:
    hidden = len(diagnosis.classes) - shown
    less = f" The weakest {shown:,} of {shown + hidden:,} classes." if hidden else ""
    return (
        f"Weakest F1 first, on {diagnosis.n:,} {split} images; macro-F1 {show(diagnosis.macro_f1, 'fraction')} %. "
        "The number on the right is how many images the class has." + less
    )


def _draw_column(axes: Axes, scores: Sequence[ClassScore], size: float, *, key: bool) -> None:
    size, places = min(8.5, size), np.arange(len(scores))
    axes.barh(places, [score.f1 for score in scores], 0.74, color=_BAR, alpha=0.38, linewidth=0, label="F1")
    look: dict[str, Any] = {
        "markeredgecolor": GROUND,
        "markeredgewidth": 0.4,
        "linestyle": "none",
        "zorder": 3,
        "clip_on": False,
    }
    for name, marker, colour, larger in (("precision", "D", _PRECISION, 0.7), ("recall", "o", _RECALL, 0.5)):
        values = [getattr(score, name) for score in scores]
        axes.plot(values, places, marker, color=colour, label=name, markersize=larger * size, **look)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_yticks(places, [cut(score.name, _NAME) for score in scores], size=size, color=INK)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
    axes.tick_params(axis="x", labelsize=7.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("%", size=8)
    for place, score in enumerate(scores):
        axes.text(1.035, place, f"{score.support:,}", size=0.9 * size, color=MUTED, va="center")
    if key:
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, handlelength=1.2, columnspacing=1.2)
