"""A picture of a dataset: for each class its name, how many images it has, and the first of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bench.report.plots.sample_sheet import FAINT, INK, PAPER, font, shortened, wrapped

_SIDE, _GAP, _MARGIN, _LINE = 96, 6, 24, 20
_BLOCKS_APART = 30
_WIDTH = 1500
_EMPTY, _BROKEN = "#f3f4f6", "#d55e00"


@dataclass(frozen=True)
class Block:
    """One class: its name, what stands below it (`1,200 images`), and its images; None is an unreadable one."""

    name: str
    told: str
    images: Sequence[Image.Image | None]


def draw_gallery(title: str, blocks: Sequence[Block], notes: Sequence[str]) -> Image.Image:
    """Draw the blocks from left to right and from top to bottom, each image whole in its square."""
    across = max(1, max((len(block.images) for block in blocks), default=1))
    wide = across * (_SIDE + _GAP) - _GAP
    columns = max(1, min(len(blocks), (_WIDTH + _BLOCKS_APART) // (wide + _BLOCKS_APART)))
    rows, tall = math.ceil(len(blocks) / columns), _SIDE + 2 * _LINE + _GAP
    width = max(640, 2 * _MARGIN + columns * (wide + _BLOCKS_APART) - _BLOCKS_APART)
    lines = [line for note in notes for line in wrapped(note, width - 2 * _MARGIN)]
    top = _MARGIN + 2 * _LINE
    below = top + rows * (tall + _GAP * 2)
    picture = Image.new("RGB", (width, below + len(lines) * _LINE + _MARGIN), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((_MARGIN, _MARGIN - 6), shortened(title, width - 2 * _MARGIN, 17), INK, font(17))
    for place, block in enumerate(blocks):
        row, column = divmod(place, columns)
        at = (_MARGIN + column * (wide + _BLOCKS_APART), top + row * (tall + _GAP * 2))
        _draw_block(picture, block, at, wide)
    for number, line in enumerate(lines):
        pen.text((_MARGIN, below + number * _LINE), line, FAINT, font())
    return picture


def _draw_block(picture: Image.Image, block: Block, at: tuple[int, int], wide: int) -> None:
    pen, (x, y) = ImageDraw.Draw(picture), at
    pen.text((x, y), shortened(block.name, wide), INK, font())
    pen.text((x, y + _LINE - 3), shortened(block.told, wide, 11), FAINT, font(11))
    for number, image in enumerate(block.images):
        left, top = x + number * (_SIDE + _GAP), y + 2 * _LINE
        pen.rectangle((left, top, left + _SIDE - 1, top + _SIDE - 1), fill=_EMPTY)
        if image is None:
            pen.line((left + 30, top + 30, left + _SIDE - 30, top + _SIDE - 30), _BROKEN, 3)
            pen.line((left + 30, top + _SIDE - 30, left + _SIDE - 30, top + 30), _BROKEN, 3)
            continue
        shown = _fitted(image)
        picture.paste(shown, (left + (_SIDE - shown.width) // 2, top + (_SIDE - shown.height) // 2))


def _fitted(image: Image.Image) -> Image.Image:
    """Fit an image into its square; small ones are enlarged by whole factors, pixel by pixel."""
    factor = _SIDE / max(image.size)
    if factor >= 2:  # noqa: PLR2004 - only a whole factor keeps pixels square
        whole = int(factor)
        return image.resize((image.width * whole, image.height * whole), Image.Resampling.NEAREST)
    size = tuple(max(1, round(length * factor)) for length in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.LANCZOS)
