"""Inspects an image file before training: rotated, transparent, high bit depth, damaged."""

from __future__ import annotations

import numpy as np
from PIL import Image

from bench.data.images.deep_pixels import DeepPixels, Values, deep_pixels
from bench.data.images.image_opening import DamagedImageError, RefusedImageError, open_image
from bench.records.image_facts import ImageFacts

ORIENTATION = 0x112
TURNED = range(2, 9)
"""The EXIF orientations that change an image; 1 is upright, all others mean nothing."""

_DRAFTED = ("JPEG", "MPO")
_HALF = 127.5
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow's mode L


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
