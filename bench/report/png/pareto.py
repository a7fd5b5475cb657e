"""Accuracy against cost as a picture: a colour per strategy, a mark per family, whiskers over seeds, the front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from bench.report.plots.figures import PALETTE, colours_of, marks_of
from bench.report.plots.scatter import Point, Scatter, View
from bench.report.plots.ticks import ticks
from bench.report.png.labels import label_front
from bench.report.png.theme import GROUND, INK, MUTED, cut, headed

MARKERS: Mapping[str, Any] = {
    "circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "cross": "P", "triangle-down": "v", "x": "X",
    "pentagon": "p", "star": "*", "hexagon": "h", "hourglass": "d", "bowtie": "8",
}  # fmt: skip
"""A page's name of a mark -> matplotlib's of the same, or of one that no other has."""

FILLS: Sequence[Any] = ("full", "left", "bottom", "right", "top")
"""How a mark is filled, by its strategy's place in the legend: what still tells strategies apart in grey."""

_WIDTH, _HEIGHT, _ROW = 7.6, 4.6, 0.2  # inches of the figure without its legend, and of a row of the legend
_EDGE, _KEY, _LETTER = 0.3, 0.34, 0.07  # inches of the margin, of a legend's mark with its gaps, of a letter
_NAME = 40
_SIZES = {"s": 0.88, "D": 0.82, "*": 1.45, "p": 1.1, "h": 1.1, "P": 1.08, "X": 1.05}


def draw_pareto(shown: Scatter, subject: str, caption: str) -> Figure:
    """Draw points over their cost, with the names of those on the front and a legend below."""
    colours = colours_of(point.strategy for point in shown.points)
    marks = marks_of(point.family for point in shown.points)
    legend = [row for part in _entries(colours, marks, published=bool(shown.published)) for row in _rows(part)]
    height = _HEIGHT + _ROW * len(legend)
    words = "What accuracy costs", subject, caption
    figure, bottom, top = headed(_WIDTH, height, words)
    low, left = bottom + _ROW * len(legend) + 0.62, 0.72
    wide, tall = _WIDTH - left - _EDGE, top - 0.1 - low
    axes = figure.add_axes((left / _WIDTH, low / height, wide / _WIDTH, tall / height))
    _frame(axes, shown)
    looks = {name: _fill(index, place) for place, (name, index) in enumerate(colours.items())}
    for point in shown.points:
        _draw(axes, shown, point, looks[point.strategy], MARKERS[marks[point.family]])
    for point in shown.published:
        axes.plot(shown.x.scaling.at(point.x), point.y, "o", mfc="none", mec=MUTED, mew=1.3, ms=7, zorder=2.6)
    if shown.steps:
        axes.plot(*zip(*shown.steps, strict=True), color=INK, linewidth=1.2, zorder=2.5)
    label_front(axes, shown, (72 * wide, 72 * tall))
    _draw_legend(figure, legend, bottom + 0.12)
    return figure


def _frame(axes: Axes, shown: Scatter) -> None:
    axes.set(xlim=shown.x.reach, ylim=shown.y.reach)
    axes.set_xlabel(shown.x.column.label, size=8.5)
    axes.set_ylabel(shown.y.column.label, size=8.5)
    for own, view, room in ((axes.xaxis, shown.x, 8), (axes.yaxis, shown.y, 7)):
        marked = ticks(view.column.unit, view.scaling, view.reach, room)
        own.set_major_locator(FixedLocator([at for at, _ in marked]))
        own.set_major_formatter(FixedFormatter([_without_unit(text, view) for _, text in marked]))
        own.set_minor_locator(NullLocator())


def _without_unit(text: str, view: View) -> str:
    """Leave out the percent sign, which the axis has in its label."""
    return text.removesuffix(" %") if view.column.unit == "fraction" else text


def _draw(axes: Axes, shown: Scatter, point: Point, look: Mapping[str, Any], marker: Any) -> None:
    at, front = shown.x.scaling.at(point.x), point.front
    size = (8.6 if front else 6.4) * _SIZES.get(marker, 1.0)
    z = 3.2 if front else 3.0
    axes.plot(at, point.y, marker, ms=size + 1.4, mfc=GROUND, mec=GROUND, mew=0, zorder=z)
    if point.spread:
        axes.errorbar(
            at, point.y, point.spread, fmt="none", ecolor=look["mfc"], elinewidth=1.0, capsize=2.2, capthick=1.0,
            alpha=1 if front else 0.55, zorder=z,
        )  # fmt: skip
    axes.plot(at, point.y, marker, ms=size, alpha=1 if front else 0.65, zorder=z, **look)


def _fill(index: int, place: int) -> dict[str, Any]:
    colour, fill = PALETTE[index].light, FILLS[place % len(FILLS)]
    return {"mfc": colour, "mec": colour, "mew": 0.7, "fillstyle": fill, "markerfacecoloralt": GROUND}


def _entries(
    colours: Mapping[str, int], marks: Mapping[str, str], *, published: bool
) -> list[list[tuple[str, dict[str, Any]]]]:
    """Return the names and looks of the legend: strategies by colour and fill, families and others by mark."""
    strategies = [
        (name, {"marker": "o", **_fill(index, place)}) for place, (name, index) in enumerate(colours.items())
    ]
    plain = {"mfc": MUTED, "mew": 0}
    families = [(name, {"marker": MARKERS[mark], **plain}) for name, mark in marks.items()]
    if published:
        families.append(("published, not measured here", {"marker": "o", "mfc": "none", "mec": MUTED, "mew": 1.2}))
    return [[(cut(name, _NAME), look) for name, look in part] for part in (strategies, families) if part]


def _rows(part: Sequence[tuple[str, dict[str, Any]]]) -> list[list[tuple[float, str, dict[str, Any]]]]:
    """Lay entries out in rows from the left, each with the place where it begins, in inches."""
    rows: list[list[tuple[float, str, dict[str, Any]]]] = []
    at = _WIDTH
    for name, look in part:
        wide = _KEY + _LETTER * len(name) + 0.1
        if at + wide > _WIDTH - _EDGE:
            rows.append([])
            at = _EDGE
        rows[-1].append((at, name, look))
        at += wide
    return rows


def _draw_legend(figure: Figure, rows: Sequence[Sequence[tuple[float, str, dict[str, Any]]]], low: float) -> None:
    """Draw the rows below the axes, the last one at `low` inches."""
    height = figure.get_figheight()
    for number, row in enumerate(reversed(rows)):
        y = (low + _ROW * (number + 0.5)) / height
        for at, name, look in row:
            figure.add_artist(Line2D([(at + 0.07) / _WIDTH], [y], linestyle="none", ms=6.4, **look))
            figure.text((at + 0.19) / _WIDTH, y, name, size=8, va="center_baseline")
