"""Whether an ensemble beats a single run on the same test images, or was lucky."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.ensembles.voting import Scores
from bench.metrics.paired import paired_test
from bench.records.ensembles import Gain
from bench.records.predictions import TestPredictions


def gain(scores: Scores, member: TestPredictions, run_id: str) -> Gain:
    """Compare an ensemble's scores (n, classes) with the predictions of its member `run_id`, image by image.

    It is the test that `bench compare` makes of two runs.
    """
    test = paired_test(_right(scores, member), _right(member.logits, member))
    return Gain(run_id, test.difference, test.low, test.high, test.only_first, test.only_second, test.mid_p)


def _right(scores: npt.NDArray[np.floating], made: TestPredictions) -> npt.NDArray[np.bool_]:
    right: npt.NDArray[np.bool_] = scores.argmax(axis=1) == made.labels
    return right
