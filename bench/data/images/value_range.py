"""The black and white points of images with more than eight bits per channel.

A 16-bit file may hold values of 8, 10, 12, 14 or 16 bits, and a float image any: the container does not say which.
Stretching each image by its own extremes would take away what is dark and what is bright, so the range is that of
a whole dataset: the smallest depth that holds all of its values.
"""

from __future__ import annotations

from bench.errors import DataError
from bench.records.image_facts import PixelCounts

Range = tuple[float, float]

_DEPTHS = [float(2**bits - 1) for bits in range(8, 33, 2)]
_NATURAL = 4
"""Floats above 1 that stay below a fourth of 255 follow no depth."""

_BEYOND = 2.0**32
_TO_SET = "Say it: --set 'value_range=[0, 4095]' (what is black, what is white); or convert them to eight bits."


def value_range(counts: PixelCounts) -> Range | None:
    """Return the values that become black and white; None if every image has eight bits or declares its depth.

    Integers from 0 on take the smallest depth of 8, 10, 12, ... 32 bits that holds the largest. Floats from 0 to 1
    are taken as such, larger ones as integers are if they use a fourth of a depth. Of all others (negative values,
    floats up to 20) the extremes are taken. Raises DataError for a dataset with both integers and floats, and for
    floats beyond 32 bits.
    """
    if counts.float_high is None:
        return None if counts.low is None or counts.high is None else _of_integers(counts.low, counts.high)
    low, high = counts.float_low or 0.0, counts.float_high
    if counts.high is not None:
        raise DataError(
            "Images of more than eight bits are integers and floats, and no one range holds for both.",
            f"The integers go up to {counts.high:,.10g}, the floats from {low:,.10g} to {high:,.10g}.",
            "Convert them to one kind; or, if one range does hold: --set 'value_range=[0, 255]' (black, white).",
        )
    if max(-low, high) > _BEYOND:
        raise DataError(
            "The range of float images is not known.",
            f"Their values go from {low:,.10g} to {high:,.10g}, which no depth holds: some may stand for no data.",
            _TO_SET,
        )
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return _of_integers(low, high) if high * _NATURAL > _DEPTHS[0] else _extremes(low, high)


def range_of_one(counts: PixelCounts) -> Range | None:
    """Return the range of a single image of no dataset, or None.

    It is known of integers that need all of 16 bits, and of floats in [0, 1]. Of any other, what is white cannot
    be seen in one image.
    """
    try:
        found = value_range(counts)
    except DataError:
        return None
    full = (0.0, 1.0) if counts.float_high is not None else (0.0, 65_535.0)
    return found if found == full else None


def _of_integers(low: float, high: float) -> Range:
    if low < 0:
        return _extremes(low, high)
    return 0.0, next(depth for depth in _DEPTHS if high <= depth)


def _extremes(low: float, high: float) -> Range:
    start = min(low, 0.0)
    return start, high if high > start else start + 1
