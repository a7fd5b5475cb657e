"""Turns an image file's bytes into an RGB image."""

from __future__ import annotations

import io
import re
import struct

import numpy as np
from PIL import Image

from bench.data.suffixes import register_plugins
from bench.errors import DataError

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)


def decode(data: bytes, name: str) -> Image.Image:
    """Decode an image file to RGB, as `Image.convert("RGB")` does.

    Raises DataError, with `name` in it, where the bytes are no whole image. A note on the image's rotation (EXIF)
    is not followed, as in timm and torchvision. Of a 16-bit grey image the upper eight bits count.
    """
    register_plugins()
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode.startswith("I;16"):
                return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
            if image.mode == "P" and "transparency" in image.info:
                return image.convert("RGBA").convert("RGB")
            return image.convert("RGB")
    except _BROKEN as error:
        reason = re.sub(r" *<_io\.BytesIO object at \w+>", "", str(error))  # Pillow's name for bytes in memory
        raise DataError(
            f"The image {name} cannot be decoded.",
            f"It is damaged, or no image: {reason}.",
            "Restore that file (fetch or unpack the dataset again), or take it out of the dataset.",
        ) from error
