"""Reads pixel values of more than eight bits, as the file has them.

Pillow keeps them for one channel only; of 16-bit colour it decodes the upper byte. The lower byte comes from
decoding once more as if the byte order were the opposite one.
"""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Values = NDArray[Any]

_SAMPLE_FORMAT, _BITS, _PHOTOMETRIC, _PLANES = 339, 258, 262, 284  # tags of TIFF
_UNSIGNED, _WHITE_IS_ZERO, _SEPARATE = 1, 0, 2
_FULL = 65_535


@dataclass(frozen=True)
class DeepPixels:
    """Values of more than eight bits: (height, width) of a grey image, (height, width, 3) of a coloured one.

    `full` is the value of white if the file declares a depth of its own (a PGM's maximum, 12 bits in a TIFF); None
    if it has only a container's depth, which says nothing of the values in it. `alpha` is the opacity
    (height, width) from 0 to 1; None for an image without any.
    """

    values: Values
    full: float | None = None
    alpha: Values | None = None

    @property
    def floating(self) -> bool:
        """Whether the values are floats."""
        return self.values.dtype.kind == "f"

    @property
    def extremes(self) -> tuple[float, float] | tuple[None, None]:
        """The smallest and the largest value; None if the file declares what white is."""
        return (None, None) if self.full is not None else (float(self.values.min()), float(self.values.max()))


def is_deep(image: Image.Image) -> bool:
    """Return whether an image that Pillow has opened has more than eight bits per channel."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return True
    return _is_wide_ppm(image) or ";16" in _raw_mode(image) or _has_deep_planes(image)


def deep_pixels(image: Image.Image, data: bytes) -> DeepPixels | None:
    """Return the values of an image opened from `data`; None if no channel has more than eight bits.

    Raises what Pillow raises for damaged bytes, and ValueError for a file that ends too early.
    """
    if not is_deep(image):
        return None
    if image.format == "PPM" and (found := _from_ppm(image, data)) is not None:
        return found
    if image.mode == "F":
        return DeepPixels(_as_seen(image, np.asarray(image)))
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _grey(image)
    return _coloured(image, data)


def _grey(image: Image.Image) -> DeepPixels:
    bits = _tag(image, _BITS, (16,))[0]
    transparent = image.info.get("transparency")
    values: Values = np.asarray(image)
    if bits == 32 and _tag(image, _SAMPLE_FORMAT, (_UNSIGNED,))[0] == _UNSIGNED:  # noqa: PLR2004 - bits
        values = values.view(np.uint32)
    elif image.mode == "I" and values.size and values.min() >= 0 and values.max() <= _FULL:
        values = values.astype(np.uint16)
    return DeepPixels(
        _as_seen(image, values),
        full=None if bits in (16, 32) else 2**bits - 1,
        alpha=None if transparent is None else (values != transparent).astype(np.float32),
    )


def _as_seen(image: Image.Image, values: Values) -> Values:
    """Invert values whose zero is white, which Pillow does for up to eight bits only."""
    if _tag(image, _PHOTOMETRIC, None) != _WHITE_IS_ZERO or values.dtype.kind != "u":
        return values
    return np.iinfo(values.dtype).max - values


def _coloured(image: Image.Image, data: bytes) -> DeepPixels | None:
    raw = _raw_mode(image)
    if _has_deep_planes(image):  # Pillow decodes them to noise
        raise ValueError("it has 16-bit colours in separate planes, which Pillow cannot read; save it interleaved")
    if image.mode not in ("RGB", "RGBA"):  # CMYK: its upper bytes are taken
        return None
    if raw.startswith("LA"):  # four bytes a pixel, grey and opacity, are read as if they were RGBA
        both = _decode_as(data, "RGBA", raw.replace("LA;16B", "RGBA"))
        grey, opacity = both[..., 0] << 8 | both[..., 1], both[..., 2] << 8 | both[..., 3]
        return DeepPixels(grey, alpha=(opacity / np.float32(_FULL)))
    premultiplied = raw.startswith("RGBa")
    raw = raw.replace("RGBa", "RGBA")
    values = _decode_as(data, image.mode, raw) << 8 | _decode_as(data, image.mode, _opposite(raw))
    if image.mode == "RGB":
        transparent = image.info.get("transparency")
        shown = None if transparent is None else (values != np.array(transparent)).any(axis=2)
        return DeepPixels(values, alpha=None if shown is None else shown.astype(np.float32))
    colours, alpha = values[..., :3], values[..., 3] / np.float32(_FULL)
    if premultiplied:
        straight = colours / np.maximum(alpha, 1 / _FULL)[..., None]
        colours = np.minimum(straight, _FULL).astype(np.uint16)
    return DeepPixels(colours, alpha=alpha)


def _has_deep_planes(image: Image.Image) -> bool:
    bits = _tag(image, _BITS, (8,))
    return len(bits) > 1 and bits[0] > 8 and _tag(image, _PLANES, 1) == _SEPARATE  # noqa: PLR2004 - bits


def _tag(image: Image.Image, tag: int, default: Any) -> Any:
    """Return a tag of a TIFF."""
    return dict(getattr(image, "tag_v2", {})).get(tag, default)


def _decode_as(data: bytes, mode: str, raw: str) -> Values:
    """Decode an image with another layout of its pixels' bytes: uint16 (height, width, channels)."""
    with Image.open(io.BytesIO(data)) as image:
        image._mode = mode  # noqa: SLF001 - what its plug-ins set
        tiles = [tile._replace(args=_with_raw_mode(tile.args, raw)) for tile in _tiles(image)]
        image.tile = tiles
        return np.asarray(image).astype(np.uint16)


def _with_raw_mode(args: Any, raw: str) -> Any:
    return raw if isinstance(args, str) else (raw, *args[1:])


def _opposite(raw: str) -> str:
    native, foreign = ("L", "B") if sys.byteorder == "little" else ("B", "L")
    layout, order = raw[:-1], raw[-1]
    return layout + {"N": foreign, native: foreign, foreign: native}[order]


def _tiles(image: Image.Image) -> Any:
    """Return what Pillow's decoders are still to decode; nothing of an image that is loaded."""
    return getattr(image, "tile", None) or []


def _raw_mode(image: Image.Image) -> str:
    """Return how Pillow's decoder lays out the pixels of an image that is not loaded yet."""
    args = tiles[0].args if (tiles := _tiles(image)) else ""
    first = args if isinstance(args, str) or not args else args[0]
    return first if isinstance(first, str) else ""


def _is_wide_ppm(image: Image.Image) -> bool:
    return image.format == "PPM" and (_ppm_maximum(image) or 0) > 255  # noqa: PLR2004 - what eight bits hold


def _ppm_maximum(image: Image.Image) -> int | None:
    args = tiles[0].args if (tiles := _tiles(image)) else ""
    if isinstance(args, tuple) and len(args) == 2 and isinstance(args[1], int):  # noqa: PLR2004 - raw mode, maximum
        return args[1]
    return _FULL if _raw_mode(image) == "I;16B" else None


def _from_ppm(image: Image.Image, data: bytes) -> DeepPixels | None:
    """Read a PGM or PPM whose maximum is above 255; None for its other kinds.

    Pillow scales by the maximum, to 65,535 or, of colours, to 255; it does that in Python, a pixel at a time.
    """
    maximum, tile = _ppm_maximum(image), _tiles(image)[0]
    if maximum is None or maximum <= 255:  # noqa: PLR2004 - eight bits
        return None
    bands = 3 if image.mode == "RGB" else 1
    count = image.width * image.height * bands
    if tile.codec_name == "ppm_plain":  # numbers in decimal
        numbers = re.sub(rb"#[^\r\n]*", b"", data[tile.offset :]).split()[:count]
        values: Values = np.array(numbers, dtype=bytes).astype(np.uint32)
    else:
        values = np.frombuffer(data, ">u2", offset=tile.offset, count=count)
    shape = (image.height, image.width, 3)[: 2 + (bands == 3)]  # noqa: PLR2004 - channels
    return DeepPixels(values.reshape(shape).astype(np.uint16), full=None if maximum == _FULL else maximum)
