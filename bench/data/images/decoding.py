"""Turns an image file's bytes into an RGB image of eight bits."""

from __future__ import annotations

import numpy as np
from PIL import Image

from bench.data.images.deep_pixels import DeepPixels, Values, deep_pixels
from bench.data.images.image_facts import not_finite, opacity, orientation, straight_rgba
from bench.data.images.image_opening import RefusedImageError, open_image
from bench.data.images.reading import AS_STORED, Reading
from bench.data.images.value_range import Range, range_of_one
from bench.records.image_facts import ImageFacts, PixelCounts

_GROUNDS = {"black": 0, "grey": 128, "white": 255}
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transpose that makes an image upright, by EXIF orientation."""


def decode(data: bytes, name: str, reading: Reading = AS_STORED) -> Image.Image:
    """Decode an image file to RGB.

    Transparent pixels are composited onto the ground, values of more than eight bits scaled by their range, and
    the image turned if the EXIF orientation is followed. Of an animation the first frame is taken.

    Raises DataError, with `name` in it: DamagedImageError if the bytes are no whole image, RefusedImageError for
    an image that would take too much memory or whose range is not known.
    """
    with open_image(data, name) as image:
        deep = deep_pixels(image, data)
        image.load()
        shallow = image if deep is not None else _on_ground(image, reading)
        turn = _TURN.get(orientation(image)) if reading.exif == "follow" else None
    found = shallow if deep is None else _scaled(deep, reading, name)
    return found if turn is None else found.transpose(turn)


def _on_ground(image: Image.Image, reading: Reading) -> Image.Image:
    if opacity(image) is None:
        return image.convert("RGBA").convert("RGB") if "transparency" in image.info else image.convert("RGB")
    ground = Image.new("RGBA", image.size, (_GROUNDS[reading.ground],) * 3)
    return Image.alpha_composite(ground, straight_rgba(image)).convert("RGB")


def _scaled(deep: DeepPixels, reading: Reading, name: str) -> Image.Image:
    black, white = _range(deep, reading, name)
    values: Values = deep.values.astype(np.float64 if deep.values.itemsize > 2 else np.float32)  # noqa: PLR2004
    values -= black
    values *= 255 / (white - black)
    np.clip(values, 0, 255, out=values)
    if deep.alpha is not None:
        alpha = deep.alpha if values.ndim == deep.alpha.ndim else deep.alpha[..., None]
        values = values * alpha + _GROUNDS[reading.ground] * (1 - alpha)
    return Image.fromarray(np.rint(values).astype(np.uint8)).convert("RGB")


def _range(deep: DeepPixels, reading: Reading, name: str) -> Range:
    if not_finite(deep):
        raise RefusedImageError(name, not_finite(deep), "Write numbers there, or take it out of the dataset.")
    if deep.full is not None:
        return 0.0, deep.full
    if reading.value_range is not None:
        return reading.value_range
    low, high = deep.extremes
    facts = ImageFacts(deep=True, floating=deep.floating, low=low, high=high)
    found = range_of_one(PixelCounts.of([facts]))
    if found is None:
        raise RefusedImageError(
            name,
            f"its values go from {low:,.6g} to {high:,.6g}, and which of them is white is not known: "
            "the run's own images had eight bits",
            "Convert it to eight bits.",
        )
    return found
