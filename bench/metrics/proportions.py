"""How much a finite number of images leaves open about a share of them: Wilson's score interval."""

from __future__ import annotations

import math

Z95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""


def wilson(share: float, n: int, z: float = Z95) -> tuple[float, float]:
    """Return the score interval of a share of n (Wilson 1927), 95 % unless `z` says otherwise.

    It never has width zero, unlike the Wald interval, which claims certainty at shares of 0 and 1.
    (NaN, NaN) for n = 0.
    """
    if not n:
        return math.nan, math.nan
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = _half_width(share, n, z)
    return max(0.0, centre - half), min(1.0, centre + half)


def score_error(share: float, n: int) -> float:
    """Return half the width of the score interval at one standard deviation; NaN for n = 0.

    It is sqrt(share (1 - share) / n) for large n and shares away from 0 and 1, and never 0.
    """
    return _half_width(share, n, 1.0) if n else math.nan


def _half_width(share: float, n: int, z: float) -> float:
    return z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n * n))
