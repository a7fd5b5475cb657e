"""Heat maps over the image that they are of, and the maps of single channels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from bench.inference.explained import Explained, Heat, Map
from bench.inference.predicted import Guess
from bench.report.plots.pictures import SOFT, bare, new_figure, one_line, save, write

_SIDE, _GAP, _HEAD, _LABEL = 2.6, 0.16, 0.75, 0.30
"""Inches: a panel's side, the space between panels, the title, a panel's label."""

_COLOURS = "inferno"
_OPACITY, _UNDER = 0.55, "#808080"
_COLUMNS = 4


def draw_heat(explained: Explained, model: str, path: Path) -> None:
    """Write a PNG of the image and, beside it, a Grad-CAM map of each layer over it, with one scale for all."""
    panels = 1 + len(explained.heats)
    columns = min(_COLUMNS, panels)
    figure = _sheet(explained, model, columns, math.ceil(panels / columns))
    original = _panel(figure, 0, columns, one_line(Path(explained.image).name, 36))
    original.imshow(explained.pixels)
    for number, heat in enumerate(explained.heats, start=1):
        nothing = ": no place speaks for it" if heat.is_empty else f", {_size(heat.map)}"
        axes = _panel(figure, number, columns, one_line(f"{heat.layer}{nothing}", 36))
        _overlay(axes, explained, heat.map)
    _scale(figure, "Grad-CAM, as a share of the layer's largest value", _OPACITY)
    save(figure, path)


def draw_activations(explained: Explained, heat: Heat, model: str, path: Path) -> None:
    """Write a PNG of the image, a layer's mean activation over it, and the maps of its strongest channels."""
    panels = 2 + len(heat.channels)
    figure = _sheet(explained, model, _COLUMNS, math.ceil(panels / _COLUMNS))
    _panel(figure, 0, _COLUMNS, one_line(Path(explained.image).name, 36)).imshow(explained.pixels)
    mean = _panel(figure, 1, _COLUMNS, one_line(f"{heat.layer}, {_size(heat.map)}: mean of all", 36))
    _overlay(mean, explained, heat.map)
    for place, (number, channel) in enumerate(heat.channels.items(), start=2):
        axes = _panel(figure, place, _COLUMNS, f"channel {number}, at most {np.abs(channel).max():.3g}")
        axes.imshow(_share(np.abs(channel)), cmap=_COLOURS, vmin=0, vmax=1, interpolation="nearest")
    _scale(figure, "absolute activation, as a share of the panel's largest value")
    save(figure, path)


def _sheet(explained: Explained, model: str, columns: int, rows: int) -> Figure:
    """Make a figure for so many panels, with the classes and the model above them."""
    width = columns * (_SIDE + _GAP) + _GAP + _BAR
    height = _HEAD + rows * (_SIDE + _LABEL + _GAP)
    figure = new_figure(width, height)
    predicted = f"Predicted: {_said(explained.predicted)}"
    other = explained.explained.name != explained.predicted.name
    title = f"Explained: {_said(explained.explained)}    ({predicted})" if other else predicted
    left, middle = _GAP / width, {"va": "center"}
    said = one_line(title, int(width * 8.5))
    write(figure, left, 1 - 0.26 / height, said, fontsize=11, fontweight="bold", **middle)
    write(figure, left, 1 - 0.54 / height, one_line(model, int(width * 13)), fontsize=8, color=SOFT, **middle)
    return figure


_BAR = 0.95
"""Inches at the right for the colour bar and its words."""


def _panel(figure: Figure, number: int, columns: int, label: str) -> Any:
    width, height = figure.get_size_inches()
    row, column = divmod(number, columns)
    left, top = _GAP + column * (_SIDE + _GAP), _HEAD + row * (_SIDE + _LABEL + _GAP) + _LABEL
    axes = figure.add_axes((left / width, 1 - (top + _SIDE) / height, _SIDE / width, _SIDE / height))
    write(axes, 0, 1.03, label, transform=axes.transAxes, fontsize=8, va="bottom")
    return bare(axes)


def _overlay(axes: Any, explained: Explained, heat: Map) -> None:
    """Lay a map over the image in grey, each of its cells over the part of the image that it stands for."""
    height, width = explained.pixels.shape[:2]
    grey = explained.pixels @ np.array([0.299, 0.587, 0.114])
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255)
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(
        _share(heat), cmap=_COLOURS, vmin=0, vmax=1, alpha=_OPACITY, extent=extent, interpolation="bilinear"
    )


def _scale(figure: Figure, label: str, opacity: float = 1.0) -> None:
    """Draw the colour bar at the right, over grey where the maps let an image through."""
    width, height = figure.get_size_inches()
    top = _HEAD + _LABEL
    place = ((width - _BAR + 0.08) / width, 1 - (top + _SIDE) / height, 0.14 / width, _SIDE / height)
    colours = ScalarMappable(Normalize(0, 1), _COLOURS)
    bar = figure.colorbar(colours, cax=figure.add_axes(place), ticks=[0, 0.5, 1], alpha=opacity)
    bar.ax.set_facecolor(_UNDER)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7, length=0, colors=SOFT)
    bar.set_label(label, fontsize=7, color=SOFT)


def _share(values: Map) -> Map:
    most = float(values.max())
    return values / most if most > 0 else values


def _size(values: Map) -> str:
    return f"{values.shape[0]} x {values.shape[1]}"


def _said(guess: Guess) -> str:
    return f"{guess.name}, {100 * guess.probability:.1f} %"
