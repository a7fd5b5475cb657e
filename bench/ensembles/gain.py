"""Whether an ensemble beats a single run on the same test images, or was lucky."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from bench.ensembles.record import Gain
from bench.ensembles.voting import Scores
from bench.store.artifacts import TestPredictions

DRAWS = 10_000
LEVEL = 0.95


def gain(scores: Scores, member: TestPredictions, run_id: str) -> Gain:
    """Compare an ensemble's scores (n, classes) with the predictions of its member `run_id`, image by image.

    The interval is the percentile bootstrap's over images (Efron 1979), the p-value that of McNemar's exact test
    (1947): of the images that only one of the two has right, each would have half.
    """
    ours, theirs = _right(scores, member), _right(member.logits, member)
    won, lost, n = int((ours & ~theirs).sum()), int((theirs & ~ours).sum()), len(ours)
    shares = np.array([won, lost, n - won - lost]) / n
    drawn = np.random.default_rng(0).multinomial(n, shares, DRAWS)  # n images with replacement, by outcome
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / n, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    p = float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
    return Gain(run_id, (won - lost) / n, float(low), float(high), won, lost, p)


def _right(scores: npt.NDArray[np.floating], made: TestPredictions) -> npt.NDArray[np.bool_]:
    right: npt.NDArray[np.bool_] = scores.argmax(axis=1) == made.labels
    return right
