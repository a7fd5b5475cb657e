"""Opens an image file's bytes with Pillow, and refuses those that would take too much memory."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec

from PIL import Image

from bench.errors import DataError

HARMLESS_PIXELS = 1 << 26
"""An image of no more pixels is read however few bytes it has: decoded it takes 268 MB at most."""

PIXELS_PER_BYTE = 100
"""Above `HARMLESS_PIXELS`, a file with more pixels per byte is refused. Photographs have 0.2 to 40."""

LARGEST_PIXELS = 1 << 29
"""An image of more pixels is refused, whatever its file's size: decoded it would take 2 GiB or more."""

Image.MAX_IMAGE_PIXELS = None
# Pillow's limit knows only the number of pixels: it refuses photographs of 200 megapixels, and warns of 108.
# `_check_size` also knows the file's length. The limit is global in Pillow; no call can pass its own.

warnings.filterwarnings("ignore", module=r"PIL\.")
# On odd metadata Pillow warns and reads on; what keeps an image from being read is an error.

_HEIF = re.compile(rb"....ftyp(hei|hev|mif1|msf1)", re.DOTALL)
_TO_MEND = "Restore that file (fetch or unpack the dataset again), or take it out of the dataset."


class DamagedImageError(DataError):
    """The bytes are no image, or not a whole one; `reason` says it without the image's name."""

    def __init__(self, name: str, reason: str, todo: str = _TO_MEND) -> None:
        super().__init__(f"The image {name} cannot be decoded.", f"It is damaged, or no image: {reason}.", todo)
        self.reason = reason


class RefusedImageError(DataError):
    """The image may be whole, but it is not read; `reason` says why, without its name."""

    def __init__(self, name: str, reason: str, todo: str) -> None:
        super().__init__(f"The image {name} is refused.", f"{reason[:1].upper()}{reason[1:]}.", todo)
        self.reason = reason


@contextmanager
def open_image(data: bytes, name: str) -> Iterator[Image.Image]:
    """Open an image file; its pixels are decoded when they are first asked for.

    Whatever is raised inside the `with` block becomes a `DamagedImageError`: on damaged bytes the decoders of
    Pillow and its plug-ins raise nearly every kind of exception, so nothing but decoding belongs there. Raises
    RefusedImageError for an image that would take too much memory.
    """
    if _HEIF.match(data):
        _register_heif(name)
    try:
        with Image.open(io.BytesIO(data)) as image:
            _check_size(image, len(data), name)
            yield image
    except DataError:
        raise
    except Exception as error:
        raise DamagedImageError(name, _reason(error)) from error


def _check_size(image: Image.Image, file_bytes: int, name: str) -> None:
    width, height = image.size
    pixels = width * height
    if pixels <= HARMLESS_PIXELS or (pixels <= LARGEST_PIXELS and pixels <= PIXELS_PER_BYTE * file_bytes):
        return
    raise RefusedImageError(
        name,
        f"its {file_bytes:,} bytes hold {width:,} x {height:,} pixels, {4 * pixels / 1e9:,.1f} GB in memory",
        f"Shrink it to {HARMLESS_PIXELS:,} pixels or fewer, or leave it out.",
    )


@cache
def _register_heif(name: str) -> None:
    if find_spec("pillow_heif") is None:
        raise RefusedImageError(
            name, "it is a HEIC image, and pillow-heif is not installed", "pip install pillow-heif"
        )
    import pillow_heif  # noqa: PLC0415 - an optional package

    pillow_heif.register_heif_opener()


def _reason(error: Exception) -> str:
    """Return what an error of Pillow says, without its name for bytes in memory."""
    text = re.sub(r" *<_io\.BytesIO object at \w+>", "", str(error)).strip().rstrip(".")
    return text or type(error).__name__
