"""Accuracy against cost of a data frame as a plotly figure, in the look of the pages: `bench.plot_pareto()`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.errors import BenchError, unknown_name
from bench.report.board.columns import COLUMNS, Column
from bench.report.board.layout import short_name
from bench.report.export.fronts import HARDWARE, data_columns, frame_cost, is_published, looks_at_test, pareto
from bench.report.plots.figures import PALETTE, colours_of, marks_of
from bench.report.plots.scatter import Point, Scatter, View, scatter
from bench.report.plots.ticks import ticks
from bench.units import show, show_spread

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_INK, _MUTED, _GRID, _GROUND = "#16191d", "#5b636c", "#ecece8", "#ffffff"
_OPEN = {"symbol": "circle-open", "size": 10, "color": _MUTED, "line": {"width": 1.8}}


def plot_pareto(df: pd.DataFrame, x: str | None = None, y: str = "val_top1") -> Figure:
    """Draw the rows of a frame and their front: a colour per strategy, a mark per family, whiskers of `y_std`.

    `y` may look at test; the front is then that of the same quantity on val. Raises BenchError as `pareto` does,
    and where the rows are of different data, or times of different hardware, which share no axis.
    """
    x = x or frame_cost(df)
    import plotly.graph_objects as go  # noqa: PLC0415 - slow, and only a plot needs it

    decides = y.replace("test", "val", 1) if looks_at_test(y) else y
    if y not in df.columns:
        raise unknown_name("column", y, map(str, df.columns), BenchError)
    optimal = set(pareto(df.assign(place=range(len(df))), x, decides)["place"])
    theirs = is_published(df)
    _check_one(df[[not other for other in theirs]], x)
    placed = [(place, _point(df, place, x, y, front=place in optimal)) for place in range(len(df))]
    points, others = (
        [point for place, point in placed if point and theirs[place] == published] for published in (False, True)
    )
    shown = scatter(points, _column(x), _column(y), others)
    figure = go.Figure(layout=_layout(shown))
    colours, marks = colours_of(p.strategy for p in points), marks_of(p.family for p in points)
    if shown.steps:
        line = {"color": _INK, "width": 1.5}
        ends = zip(*shown.steps, strict=True)
        figure.add_scatter(**dict(zip("xy", ends, strict=True)), mode="lines", line=line, name="Pareto front")
    for strategy, index in colours.items():
        own = [point for point in points if point.strategy == strategy]
        figure.add_scatter(**_trace(shown, strategy or "rows", own, _filled(own, PALETTE[index].light, marks)))
    if others:
        figure.add_scatter(**_trace(shown, "published", others, _OPEN))
    return figure


def _check_one(df: pd.DataFrame, x: str) -> None:
    """Raise BenchError where the rows cannot share the axes."""
    by = data_columns(df) + ([HARDWARE] if x in COLUMNS and COLUMNS[x].hardware else [])
    differing = [name for name in by if len(df[name].unique()) > 1]
    if differing:
        name = differing[0]
        found = ", ".join(str(value) for value in df[name].unique()[:3])
        raise BenchError(
            "These rows do not compare.", f"They differ in {name}: {found}.", f"Plot one: df[df[{name!r}] == ...]."
        )


def _column(key: str) -> Column:
    return COLUMNS.get(key) or Column(key, key, key, "rate", "neither")


def _point(df: pd.DataFrame, place: int, x: str, y: str, *, front: bool) -> Point | None:
    row = df.iloc[place]
    at, height = (float("nan") if pd.isna(row[axis]) else float(row[axis]) for axis in (x, y))
    if not (math.isfinite(at) and math.isfinite(height)):
        return None
    spread = row.get(f"{y}_std")
    words = {name: str(row.get(name, "")) for name in ("backbone", "strategy", "family")}
    return Point(
        at,
        height,
        short_name(words["backbone"]) or str(df.index[place]),
        words["strategy"],
        words["family"],
        spread=None if spread is None or pd.isna(spread) else float(spread),
        front=front,
    )


def _filled(points: Sequence[Point], colour: str, marks: Mapping[str, str]) -> dict[str, Any]:
    return {
        "color": colour,
        "symbol": [marks[point.family] for point in points],
        "size": [12 if point.front else 9 for point in points],
        "opacity": [1.0 if point.front else 0.6 for point in points],
        "line": {"color": _GROUND, "width": 1},
    }


def _trace(shown: Scatter, name: str, points: Sequence[Point], marker: Mapping[str, Any]) -> dict[str, Any]:
    spreads = [point.spread or 0.0 for point in points]
    whiskers = {"type": "data", "array": spreads, "color": marker["color"], "thickness": 1, "width": 3}
    return {
        "x": [shown.x.scaling.at(point.x) for point in points],
        "y": [point.y for point in points],
        "mode": "markers",
        "name": escape(name),
        "text": [_told(point, shown) for point in points],
        "hovertemplate": "%{text}<extra></extra>",
        "error_y": whiskers if any(spreads) else None,
        "marker": dict(marker),
    }


def _told(point: Point, shown: Scatter) -> str:
    height, cost = shown.y.column, shown.x.column
    lines = [
        f"<b>{escape(point.name)}</b>",
        escape(point.strategy),
        f"{escape(height.quantity)} {show_spread(point.y, point.spread, height.unit)}",
        f"{escape(cost.quantity)} {show(point.x, cost.unit)}",
        "Pareto-optimal" if point.front else "",
    ]
    return "<br>".join(line for line in lines if line)


def _layout(shown: Scatter) -> dict[str, Any]:
    return {
        "width": 760, "height": 460, "margin": {"l": 64, "r": 20, "t": 20, "b": 60}, "hovermode": "closest",
        "paper_bgcolor": _GROUND, "plot_bgcolor": _GROUND, "font": {"color": _INK, "size": 12},
        "legend": {"orientation": "h", "y": -0.18, "x": 0, "itemsizing": "constant"},
        "xaxis": _axis(shown.x, 8), "yaxis": _axis(shown.y, 7),
    }  # fmt: skip


def _axis(view: View, room: int) -> dict[str, Any]:
    marked = ticks(view.column.unit, view.scaling, view.reach, room)
    return {
        "title": {"text": escape(view.column.label), "font": {"color": _MUTED}},
        "range": list(view.reach),
        "tickvals": [at for at, _ in marked],
        "ticktext": [text for _, text in marked],
        "tickfont": {"color": _MUTED},
        "gridcolor": _GRID,
        "zeroline": False,
    }
