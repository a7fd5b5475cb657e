"""Inspects an image file before training: rotated, transparent, high bit depth, damaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from PIL import Image

from bench.data.images.deep_pixels import DeepPixels, Values, deep_pixels
from bench.data.images.image_opening import DamagedImageError, RefusedImageError, open_image

ORIENTATION = 0x112
TURNED = range(2, 9)
"""The EXIF orientations that change an image; 1 is upright, all others mean nothing."""

_DRAFTED = ("JPEG", "MPO")
_HALF = 127.5
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow's mode L


@dataclass(frozen=True)
class ImageFacts:
    """Properties of one image file; for a `damaged` or `refused` one only the reason, and the size if it is known.

    `turned`: its EXIF orientation asks for a rotation or a mirror image. `transparent`: a pixel lets the ground
    through. `dark`: it is transparent, and what is opaque has a mean luminance below one half (of its own largest
    value, if it has more than eight bits). `deep`: it has more than eight bits per channel; `floating`: these are
    floats; `low` and `high`: their smallest and largest value, None if the file declares what white is.
    """

    width: int = 0
    height: int = 0
    turned: bool = False
    transparent: bool = False
    dark: bool = False
    deep: bool = False
    floating: bool = False
    low: float | None = None
    high: float | None = None
    damaged: str | None = None
    refused: str | None = None

    @property
    def unusable(self) -> str | None:
        """Why the image cannot be trained on; None if it can."""
        return self.damaged or self.refused


@dataclass(frozen=True)
class PixelCounts:
    """The images of a dataset by what the planner has to know of them, without those that cannot be read.

    `low` and `high` are the extremes of integer values of more than eight bits whose range no file declares,
    `float_low` and `float_high` those of floats; None if there are none.
    """

    images: int = 0
    turned: int = 0
    transparent: int = 0
    transparent_dark: int = 0
    deep: int = 0
    low: float | None = None
    high: float | None = None
    float_low: float | None = None
    float_high: float | None = None

    @classmethod
    def of(cls, facts: Iterable[ImageFacts]) -> Self:
        """Count some images."""
        return sum((cls._of_one(each) for each in facts if each.unusable is None), cls())

    @classmethod
    def _of_one(cls, facts: ImageFacts) -> Self:
        extremes = (facts.low, facts.high)
        return cls(
            1,
            int(facts.turned),
            int(facts.transparent),
            int(facts.dark),
            int(facts.deep),
            *((None, None, *extremes) if facts.floating else (*extremes, None, None)),
        )

    def __add__(self, other: Self) -> Self:
        """Count the images of both."""
        joined: dict[str, Any] = {
            name: _joined(name, number, getattr(other, name)) for name, number in asdict(self).items()
        }
        return type(self)(**joined)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain data: `PixelCounts(**data)` restores them."""
        return asdict(self)


UNSEEN = PixelCounts()
"""The counts of a dataset that was not looked at."""


def inspect_image(data: bytes, name: str) -> ImageFacts:
    """Look at an image file as cheaply as finds every damage that decoding would find; `name` is for errors only.

    A JPEG is decoded at an eighth of its size, which reads all of its bytes. Nothing is raised for damaged bytes.
    """
    try:
        with open_image(data, name) as image:
            size, deep = image.size, deep_pixels(image, data)
            if deep is None and image.format in _DRAFTED:
                image.draft("L", (max(1, image.width // 8), max(1, image.height // 8)))
            image.load()
    except DamagedImageError as error:
        return ImageFacts(damaged=error.reason)
    except RefusedImageError as error:
        return ImageFacts(refused=error.reason)
    return _shallow(image, size) if deep is None else _deep(image, deep)


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation of a loaded image, 2 to 8; 1 if it is upright or says nothing valid.

    Pillow itself turns TIFF images when it loads them, and pillow-heif HEIC images: those are upright.
    """
    try:
        found = image.getexif().get(ORIENTATION)
    except Exception:  # noqa: BLE001 - a damaged EXIF block raises nearly anything; the pixels are whole
        return 1
    return found if isinstance(found, int) and found in TURNED else 1


def not_finite(deep: DeepPixels) -> str:
    """Return why an image cannot be scaled: it has NaN or infinity; empty if every value is a number."""
    if not deep.floating or np.isfinite(deep.values).all():
        return ""
    return "it has pixels that are not finite numbers (NaN or infinity)"


def opacity(image: Image.Image) -> Values | None:
    """Return the alpha of an image of eight bits, uint8 (height, width); None if every pixel is opaque."""
    if not image.has_transparency_data:
        return None
    alpha = np.asarray(straight_rgba(image).getchannel("A"))
    return None if alpha.min(initial=255) == 255 else alpha  # noqa: PLR2004 - opaque


def straight_rgba(image: Image.Image) -> Image.Image:
    """Convert an image with transparency to RGBA, whose colours are not multiplied by alpha."""
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def _shallow(image: Image.Image, size: tuple[int, int]) -> ImageFacts:
    alpha = opacity(image)
    return ImageFacts(
        *size,
        turned=orientation(image) != 1,
        transparent=alpha is not None,
        dark=alpha is not None and _is_dark(np.asarray(straight_rgba(image))[..., :3], alpha, _HALF),
    )


def _deep(image: Image.Image, deep: DeepPixels) -> ImageFacts:
    if reason := not_finite(deep):
        return ImageFacts(*image.size, deep=True, floating=True, refused=reason)
    transparent = deep.alpha is not None and bool(deep.alpha.min() < 1)
    low, high = deep.extremes
    return ImageFacts(
        *image.size,
        turned=orientation(image) != 1,
        transparent=transparent,
        dark=transparent and _is_dark(deep.values, deep.alpha, (deep.full or float(deep.values.max())) / 2),
        deep=True,
        floating=deep.floating,
        low=low,
        high=high,
    )


def _is_dark(colours: Values, alpha: Values | None, half: float) -> bool:
    """Whether the mean luminance, weighted by opacity, is below `half`; False if nothing is opaque."""
    if alpha is None or not alpha.any():
        return False
    grey = colours @ _LUMINANCE if colours.ndim == 3 else colours  # noqa: PLR2004 - colours
    return bool(np.average(grey.astype(np.float32), weights=alpha) < half)


def _joined(name: str, first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return first if second is None else second
    if name.endswith("low"):
        return min(first, second)
    return max(first, second) if name.endswith("high") else first + second
