"""Test images in a grid, each with its true class, its predicted one, and how sure the model was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.patches import Rectangle
from PIL import Image

from bench.report.look.mistakes import Judged
from bench.report.plots.pictures import SOFT, STRONG, WRONG, bare, new_figure, one_line, save, write

MOST = 100
"""How many images one picture shows."""

_SIDE, _WORDS, _GAP, _HEAD = 1.75, 0.58, 0.22, 0.75
"""Inches: an image, the words below it, the space between, the title."""

_CHARACTERS = 24
_SMALL = 128
_ROW = 8


def draw_mistakes(
    judged: Sequence[Judged], images: Sequence[Image.Image], title: str, model: str, path: Path
) -> None:
    """Write a PNG; a wrong one has a thick dashed frame and a cross before its words, a right one a tick."""
    columns = max(4, min(_ROW, math.ceil(math.sqrt(len(judged)))))
    rows = math.ceil(len(judged) / columns)
    width = columns * (_SIDE + _GAP) + _GAP
    height = _HEAD + rows * (_SIDE + _WORDS + _GAP)
    figure = new_figure(width, height)
    left, longest = _GAP / width, int(width * 10)
    write(figure, left, 1 - 0.26 / height, one_line(title, longest), fontsize=10, fontweight="bold", va="center")
    write(figure, left, 1 - 0.52 / height, one_line(model, longest), fontsize=8, color=SOFT, va="center")
    for number, (one, image) in enumerate(zip(judged, images, strict=True)):
        row, column = divmod(number, columns)
        x, top = _GAP + column * (_SIDE + _GAP), _HEAD + row * (_SIDE + _WORDS + _GAP)
        place = (x / width, 1 - (top + _SIDE) / height, _SIDE / width, _SIDE / height)
        _cell(bare(figure.add_axes(place)), one, image)
    save(figure, path)


def _cell(axes: Any, one: Judged, image: Image.Image) -> None:
    """Draw an image, whole and centred in its square, its frame, and its words below."""
    axes.imshow(image, interpolation="nearest" if max(image.size) < _SMALL else "antialiased")
    axes.set_anchor("C")
    colour = STRONG if one.right else WRONG
    style: dict[str, Any] = (
        {"linewidth": 1.2, "linestyle": "-"} if one.right else {"linewidth": 2.4, "linestyle": (0, (3, 1.2))}
    )
    frame = Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=colour, clip_on=False, **style)
    axes.add_patch(frame)
    words = {"transform": axes.transAxes, "fontsize": 7.5, "va": "top", "clip_on": False}
    if one.right:
        write(axes, 0, -0.04, f"✓ {one_line(one.true, _CHARACTERS)}", color=colour, fontweight="bold", **words)
        write(axes, 0, -0.14, f"   {100 * one.confidence:.0f} % sure", **{**words, "color": SOFT})
        return
    said = f"✗ {one_line(one.predicted, _CHARACTERS)}"
    write(axes, 0, -0.04, said, color=colour, fontweight="bold", **words)
    write(axes, 0, -0.14, f"   {100 * one.confidence:.0f} % sure", **{**words, "color": SOFT})
    write(axes, 0, -0.23, f"   is {one_line(one.true, _CHARACTERS)}", **words)
