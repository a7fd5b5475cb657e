"""A picture of a grid of images, with a name beside each row, a heading over each column and notes below."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
"""One image, [height, width, 3]."""

_SMALLEST, _LARGEST = 96, 192
_GAP, _MARGIN, _LINE = 6, 20, 20
_NAMES, _NAME_LINES, _TITLE = 150, 3, 900
INK, FAINT, PAPER = "#1f2328", "#6e7781", "#ffffff"


@dataclass(frozen=True)
class Sheet:
    """What is drawn: names of rows, headings of columns, images by row and column, all squares of one size.

    The first column stands a little apart. `notes` are lines below the grid; too long ones are wrapped.
    """

    title: str
    headings: Sequence[str]
    names: Sequence[str]
    images: Sequence[Sequence[Pixels]]
    notes: Sequence[str]


def draw(sheet: Sheet) -> Image.Image:
    """Draw a sheet. Small images are enlarged by whole factors, pixel by pixel; large ones are shrunk."""
    side = _side(sheet.images[0][0].shape[0])
    left = _MARGIN + min(_NAMES, max(round(_length(_spaced(name))) for name in sheet.names)) + 3 * _GAP
    columns = [left + i * (side + _GAP) + (2 * _GAP if i else 0) for i in range(len(sheet.headings))]
    top = _MARGIN + 2 * _LINE + _LINE // 2
    width = max(columns[-1] + side, _MARGIN + min(_TITLE, math.ceil(_length(sheet.title, 16)))) + _MARGIN
    notes = [part for note in sheet.notes for part in wrapped(note, width - 2 * _MARGIN)]
    below = top + len(sheet.images) * (side + _GAP) + _LINE // 2
    picture = Image.new("RGB", (width, below + len(notes) * _LINE + _MARGIN), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((_MARGIN, _MARGIN - 4), shortened(sheet.title, width - 2 * _MARGIN, 16), INK, font(16))
    for x, heading in zip(columns, sheet.headings, strict=True):
        pen.text((x, top - _LINE), shortened(heading, side), FAINT, font())
    for i, (name, row) in enumerate(zip(sheet.names, sheet.images, strict=True)):
        y = top + i * (side + _GAP)
        _draw_name(pen, name, y + side // 2)
        for x, image in zip(columns, row, strict=True):
            picture.paste(_scaled(image, side), (x, y))
    for i, note in enumerate(notes):
        pen.text((_MARGIN, below + i * _LINE), note, INK, font())
    return picture


def _side(size: int) -> int:
    """Choose how large an image of so many pixels is shown."""
    return min(_LARGEST, size * -(-_SMALLEST // size))


def _scaled(image: Pixels, side: int) -> Image.Image:
    enlarges = side % image.shape[0] == 0
    how = Image.Resampling.NEAREST if enlarges else Image.Resampling.LANCZOS
    return Image.fromarray(image).resize((side, side), how)


def _draw_name(pen: ImageDraw.ImageDraw, name: str, middle: int) -> None:
    """Write a row's name, in few lines, to the left of its images."""
    lines = list(wrapped(_spaced(name), _NAMES))
    if len(lines) > _NAME_LINES:
        lines = [*lines[: _NAME_LINES - 1], shortened(" ".join(lines[_NAME_LINES - 1 :]), _NAMES)]
    for i, line in enumerate(lines):
        pen.text((_MARGIN, middle - len(lines) * _LINE // 2 + i * _LINE), line, INK, font())


def _spaced(name: str) -> str:
    return name.replace("_", " ")


@cache
def font(size: int = 13) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of all such pictures."""
    return ImageFont.load_default(size)


def _length(text: str, size: int = 13) -> float:
    return font(size).getlength(text)


def shortened(text: str, width: int, size: int = 13) -> str:
    """Cut a text to one line of at most `width` pixels."""
    text = " ".join(text.split())
    if _length(text, size) <= width:
        return text
    while text and _length(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text}…"


def wrapped(text: str, width: int) -> Iterator[str]:
    """Break a text between words; a word too long for a line is cut."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _length(longer) > width:
            yield shortened(line, width)
            longer = word
        line = longer
    yield shortened(line, width)
