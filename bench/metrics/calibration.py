"""How far stated confidence can be believed: reliability bins, and the calibration errors they give."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.metrics.proportions import wilson

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

BINS = 15


@dataclass(frozen=True)
class Bin:
    """The images whose confidence is in (`low`, `high`]; means are NaN in an empty bin.

    `accuracy_low` and `accuracy_high` bound the accuracy with 95 % (Wilson's score interval).
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float

    @property
    def gap(self) -> float:
        """Accuracy less confidence: negative where the model is too sure."""
        return self.accuracy - self.confidence


def equal_width_bins(confidence: Floats, right: Truths, count: int = BINS) -> list[Bin]:
    """Sort images (n,) by confidence into bins of equal width over (0, 1], as Guo et al. (2017) do."""
    return _binned(confidence, right, np.linspace(0, 1, count + 1))


def equal_mass_bins(confidence: Floats, right: Truths, count: int = BINS) -> list[Bin]:
    """Sort images (n,) into bins of about as many images each; equal confidences are never parted.

    There are fewer bins than `count` where many images are equally sure.
    """
    if not len(confidence):
        return []
    highs = np.unique(np.quantile(confidence, np.arange(1, count + 1) / count, method="inverted_cdf"))
    below = np.nextafter(confidence.min(), -1)  # bins are open on the left
    return _binned(confidence, right, np.append(below, highs))


def expected_error(bins: Sequence[Bin]) -> float:
    """Return the mean gap between accuracy and confidence, weighted by images (ECE); NaN without images."""
    n = sum(part.n for part in bins)
    return sum(part.n * abs(part.gap) for part in bins if part.n) / n if n else math.nan


def maximum_error(bins: Sequence[Bin]) -> float:
    """Return the largest gap of any bin that is not empty (MCE); NaN without images."""
    return max((abs(part.gap) for part in bins if part.n), default=math.nan)


def _binned(confidence: Floats, right: Truths, edges: Floats) -> list[Bin]:
    places = np.searchsorted(edges[1:-1], confidence, side="left")
    return [
        _bin(float(low), float(high), confidence[places == place], right[places == place])
        for place, (low, high) in enumerate(itertools.pairwise(edges))
    ]


def _bin(low: float, high: float, confidence: Floats, right: Truths) -> Bin:
    n = len(confidence)
    if not n:
        return Bin(low, high, 0, math.nan, math.nan, math.nan, math.nan)
    accuracy = float(right.mean())
    return Bin(low, high, n, float(confidence.mean()), accuracy, *wilson(accuracy, n))
