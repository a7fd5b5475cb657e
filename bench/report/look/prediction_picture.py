"""Images beside their most probable classes as bars, one picture for one image or for many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.inference.predicted import Guess, Predicted
from bench.report.plots.pictures import PALE, SOFT, STRONG, TRACK, bare, new_figure, one_line, save, write

MOST = 48
"""How many images one picture shows."""

_IMAGE, _BARS, _LINE, _GAP = 1.75, 2.35, 0.345, 0.28  # inches: image side, bars' width, a class, between cells
_NAME_CHARACTERS, _FILE_CHARACTERS = 30, 44


def draw_predictions(predicted: Sequence[Predicted], title: str, path: Path) -> None:
    """Write a PNG of images (their pixels are there) and their classes; raises StoreError where it cannot."""
    columns = 1 if len(predicted) == 1 else min(4, max(2, math.ceil(math.sqrt(len(predicted) * 0.7))))
    rows = math.ceil(len(predicted) / columns)
    scale = 1.6 if len(predicted) == 1 else 1.0
    lines = max(sum(len(g) + (len(p.guesses) > 1) for g in p.guesses.values()) for p in predicted)
    cell = (_IMAGE + 0.15 + _BARS + _GAP, max(_IMAGE, lines * _LINE) + 0.32 + _GAP)
    head = 0.45 / scale
    width, height = (columns * cell[0] + _GAP) * scale, (rows * cell[1] + head) * scale
    figure = new_figure(width, height)
    write(figure, _GAP * scale / width, 1 - 0.28 / height, title, fontsize=10, color=SOFT, va="center")
    for number, one in enumerate(predicted):
        row, column = divmod(number, columns)
        left, top = _GAP + column * cell[0], head + row * cell[1]
        _cell(figure, one, (left * scale, top * scale), scale)
    save(figure, path)


def _cell(figure: Figure, one: Predicted, at: tuple[float, float], scale: float) -> None:
    """Draw one image, its file's name above and its bars beside it, at inches from the figure's top left."""
    left, top = at
    image = _axes(figure, left, top + 0.27 * scale, _IMAGE * scale, _IMAGE * scale)
    image.imshow(one.pixels, interpolation="nearest" if _is_small(one) else "antialiased")
    size = 7.5 * (1.25 if scale > 1 else 1)
    name = one_line(Path(one.image).name, _FILE_CHARACTERS)
    write(image, 0, 1.035, name, transform=image.transAxes, fontsize=size, color=SOFT, va="bottom")
    lines = sum(len(g) + (len(one.guesses) > 1) for g in one.guesses.values())
    bars_left = left + (_IMAGE + 0.15) * scale
    bars = _axes(figure, bars_left, top + 0.27 * scale, _BARS * scale, lines * _LINE * scale)
    bars.set(xlim=(0, 1), ylim=(lines, 0))
    line = 0
    for target, guesses in one.guesses.items():
        if len(one.guesses) > 1:
            write(bars, 0, line + 0.62, one_line(target, _NAME_CHARACTERS), fontsize=size, color=SOFT, va="center")
            line += 1
        for place, guess in enumerate(guesses):
            _bar(bars, line, guess, first=place == 0, size=size)
            line += 1


def _bar(axes: Any, line: int, guess: Guess, *, first: bool, size: float) -> None:
    """Draw a class's name and percentage above a thin bar on a track that stands for 100 %."""
    style = {"fontsize": size, "va": "center", "fontweight": "bold" if first else "normal"}
    write(axes, 0, line + 0.36, one_line(guess.name, _NAME_CHARACTERS), **style)
    write(axes, 1, line + 0.36, f"{100 * guess.probability:.1f} %", ha="right", **style)
    axes.add_patch(Rectangle((0, line + 0.70), 1, 0.13, color=TRACK, linewidth=0))
    axes.add_patch(
        Rectangle((0, line + 0.70), guess.probability, 0.13, color=STRONG if first else PALE, linewidth=0)
    )


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Any:
    """Make bare axes at a place in inches, from the figure's top left."""
    whole_width, whole_height = figure.get_size_inches()
    place = (left / whole_width, 1 - (top + height) / whole_height, width / whole_width, height / whole_height)
    return bare(figure.add_axes(place))


def _is_small(one: Predicted) -> bool:
    return one.pixels is not None and len(one.pixels) < 128  # noqa: PLR2004 - pixels are better seen than blurred
