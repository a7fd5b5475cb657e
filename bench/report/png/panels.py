"""A chart of panels side by side: lines, bars, staircases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.plots.charts import ROLES, Axis, Chart, Panel, Series
from bench.report.png.theme import GROUND, INK, LINE, MUTED, headed, scaled

_WIDTH, _HEIGHT, _STRIP = 4.4, 4.7, 0.36  # inches of a panel, and of the strip below one
_ROW = 3.5  # inches that each further row adds
_IN_A_ROW = 3  # panels; more are laid out in rows of equal length
_DOTTED_UP_TO = 40  # points of a line


def draw_chart(chart: Chart) -> Figure:
    """Draw a chart's panels side by side, more than three of them in several rows."""
    rows = math.ceil(len(chart.panels) / _IN_A_ROW)
    columns = math.ceil(len(chart.panels) / max(1, rows))
    width, height = _WIDTH * columns + 0.1, _HEIGHT + (rows - 1) * _ROW
    figure, bottom, _ = headed(width, height, (chart.title, chart.subject, chart.caption))
    tall = _HEIGHT - 0.72 - 0.36 - bottom - 0.56
    for place, panel in enumerate(chart.panels):
        row, column = divmod(place, columns)
        low = bottom + 0.56 + (rows - 1 - row) * _ROW
        left, wide = (column * _WIDTH + 0.82) / width, (_WIDTH - 1.06) / width
        foot = low + (_STRIP + 0.12 if panel.strip else 0)
        axes = figure.add_axes((left, foot / height, wide, (low + tall - foot) / height))
        draw_panel(axes, panel)
        if panel.strip:
            _draw_strip(figure.add_axes((left, low / height, wide, _STRIP / height)), axes, panel, panel.strip)
    return figure


def _draw_strip(axes: Axes, above: Axes, panel: Panel, strip: Series) -> None:
    """Draw the bars below a panel, on its x axis; their greatest is written beside them."""
    axes.bar(strip.x, strip.y, strip.width, color=ROLES[strip.role].light, alpha=0.6, linewidth=0)
    scaled(axes, panel.x, Axis("", low=0, whole=True))
    axes.set_ylabel(strip.name, size=8, rotation=0, ha="right", va="center")
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    above.set_xlabel("")
    above.tick_params(labelbottom=False)
    if len(strip.y):
        most = int(np.argmax(strip.y))
        axes.annotate(
            f"{strip.y[most]:,}", (strip.x[most], strip.y[most]), (0, 2), textcoords="offset points",
            ha="center", size=7, color=MUTED, annotation_clip=False,
        )  # fmt: skip


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw one panel: its series, what is marked, its legend."""
    for series in panel.series:
        _DRAWN[series.kind](axes, series)
    if panel.diagonal:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=2.5)
    axes.set_title(panel.title)
    if panel.note:
        axes.text(1, 1.035, panel.note, transform=axes.transAxes, ha="right", size=8, color=MUTED)
    scaled(axes, panel.x, panel.y)
    if panel.marked:
        x, word = panel.marked
        axes.axvline(x, color=LINE, linewidth=1.1, zorder=1.5)
        right = x > sum(axes.get_xlim()) / 2
        axes.annotate(
            word, (x, 0.02), (-4 if right else 4, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right" if right else "left", size=8, color=MUTED,
        )  # fmt: skip
    if len(panel.series) > 1:
        axes.legend(loc="best", handlelength=1.4, labelcolor=INK)


def _line(axes: Axes, series: Series) -> None:
    dots: dict[str, Any] = {"marker": "o", "markersize": 3.6, "markeredgecolor": GROUND, "markeredgewidth": 0.6}
    shown = dots if len(series.x) <= _DOTTED_UP_TO else {}
    style = "--" if series.kind == "dashes" else "-"
    axes.plot(
        series.x,
        series.y,
        style,
        color=ROLES[series.role].light,
        linewidth=1.8,
        label=series.name,
        zorder=3,
        clip_on=False,
        **shown,
    )


def _bars(axes: Axes, series: Series) -> None:
    colour = ROLES[series.role].light
    axes.bar(series.x, series.y, series.width, color=colour, alpha=0.38, label=series.name, zorder=2, linewidth=0)
    left, right = (np.asarray(series.x) + side * np.asarray(series.width) / 2 for side in (-1, 1))
    axes.hlines(series.y, left, right, color=colour, linewidth=1.6, zorder=3)
    if len(series.lows):
        y = np.asarray(series.y)
        ends = np.abs(np.stack([y - series.lows, series.highs - y]))
        axes.errorbar(series.x, y, ends, fmt="none", ecolor=INK, elinewidth=0.8, alpha=0.7, zorder=3.5)


def _gaps(axes: Axes, series: Series) -> None:
    """Draw what lies between two heights as a hatched box, so that it shows over a bar too."""
    heights = np.asarray(series.y) - np.asarray(series.base)
    axes.bar(
        series.x, heights, series.width, bottom=series.base, label=series.name, zorder=2.2, linewidth=0.8,
        facecolor="#fdeee2", edgecolor=ROLES[series.role].light, hatch="////",
    )  # fmt: skip


def _steps(axes: Axes, series: Series) -> None:
    half = np.asarray(series.width) / 2
    edges = np.append(np.asarray(series.x) - half, series.x[-1] + half[-1])
    colour = ROLES[series.role].light
    axes.stairs(series.y, edges, fill=True, color=colour, alpha=0.22, zorder=2)
    axes.stairs(series.y, edges, color=colour, linewidth=1.6, label=series.name, zorder=3)


_DRAWN = {"line": _line, "dashes": _line, "bars": _bars, "gaps": _gaps, "steps": _steps}
