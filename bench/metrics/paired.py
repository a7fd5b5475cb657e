"""Two classifiers on the same images: is one better, or is it chance? All follows from who is right where."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bench.errors import BenchError
from bench.metrics.calibration import Truths
from bench.metrics.proportions import wilson
from bench.records.predictions import Predictions

LEVEL = 0.05


@dataclass(frozen=True)
class PairedTest:
    """Who is right on n images. `difference` is the first's accuracy less the second's, NaN without images.

    `low` and `high` bound it with 95 % (Newcombe's score interval); `exact_p` and `mid_p` are McNemar's.
    """

    n: int
    both: int
    only_first: int
    only_second: int
    neither: int
    difference: float
    low: float
    high: float
    exact_p: float
    mid_p: float

    @property
    def tells(self) -> bool:
        """Whether the difference is more than chance on these images would give, at 5 % (mid-p)."""
        return self.mid_p < LEVEL


def paired_test(first: Truths, second: Truths) -> PairedTest:
    """Compare where two classifiers are right, (n,) each, image by image; ValueError where lengths differ."""
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} images are not the same ones.")
    n, both = len(first), int((first & second).sum())
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    exact, mid = mcnemar(only_first, only_second)
    neither = n - both - only_first - only_second
    low, high = difference_interval(both, only_first, only_second, neither)
    return PairedTest(
        n=n,
        both=both,
        only_first=only_first,
        only_second=only_second,
        neither=neither,
        difference=(only_first - only_second) / n if n else math.nan,
        low=low,
        high=high,
        exact_p=exact,
        mid_p=mid,
    )


def mcnemar(only_first: int, only_second: int) -> tuple[float, float]:
    """Return the two-sided exact p-value of McNemar's test, and its mid-p (Fagerland et al. 2013).

    The exact one is conservative; the mid-p counts half of the probability of what was seen. 1 where they never
    differ.
    """
    from scipy.stats import binom  # noqa: PLC0415 - slow, and only this needs it

    discordant, fewer = only_first + only_second, min(only_first, only_second)
    tail, seen = float(binom.cdf(fewer, discordant, 0.5)), float(binom.pmf(fewer, discordant, 0.5))
    return min(1.0, 2 * tail), min(1.0, 2 * tail - seen)


def difference_interval(both: int, only_first: int, only_second: int, neither: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two accuracies on the same images.

    Newcombe's square-and-add interval for paired proportions (Statistics in Medicine 17:2635, 1998, method 10),
    made of both accuracies' Wilson intervals and their correlation, which is corrected for continuity. It has a
    width even where the two never differ. (NaN, NaN) without images.
    """
    n = both + only_first + only_second + neither
    if not n:
        return math.nan, math.nan
    first, second = (both + only_first) / n, (both + only_second) / n
    (first_low, first_high), (second_low, second_high) = wilson(first, n), wilson(second, n)
    phi = _correlation(both, only_first, only_second, neither)
    return (
        first - second - _added(first - first_low, second_high - second, phi),
        first - second + _added(first_high - first, second - second_low, phi),
    )


def _added(one: float, other: float, phi: float) -> float:
    """Add two distances as sides with a correlation of `phi` between them."""
    return math.sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Return the correlation of who is right, less n / 2 when positive; 0 when one of the two never varies."""
    rows = (both + only_first) * (only_second + neither)
    columns = (both + only_second) * (only_first + neither)
    if not rows * columns:
        return 0.0
    product: float = both * neither - only_first * only_second
    if product > 0:
        product = max(0.0, product - (both + only_first + only_second + neither) / 2)
    return product / math.sqrt(rows * columns)


def same_order(first: Predictions, second: Predictions) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the places (n,) of the first's images among the second's.

    Raises BenchError where they are not the same images with the same labels.
    """
    if sorted(first.ids.tolist()) != sorted(second.ids.tolist()):
        common = len(set(first.ids.tolist()) & set(second.ids.tolist()))
        counts = f"{len(first.ids):,} and {len(second.ids):,} images, {common:,} of them in common"
        raise _not_comparable(f"They predict {counts}.")
    by_id = {name: place for place, name in enumerate(second.ids.tolist())}
    places = np.array([by_id[name] for name in first.ids.tolist()], np.int64)
    if not np.array_equal(first.labels, second.labels[places]):
        raise _not_comparable("They have other labels for the same images.")
    return places


def _not_comparable(why: str) -> BenchError:
    return BenchError(
        "The runs cannot be compared image by image.", why, "Compare runs of one dataset, target and test split."
    )
