"""Recomputes a run's metrics from its predictions: if they agree, the file is the one that it wrote."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.metrics.ranks import ranks
from bench.records.predictions import Predictions, RunPredictions
from bench.records.targets import spans
from bench.store.stamps import Measured


def measured_again(made: RunPredictions) -> tuple[Measured, Measured]:
    """Compute from predictions what the run measured on val and test; of several targets the mean over them."""
    return _measured(made.val), _measured(made.test)


def _measured(made: Predictions) -> Measured:
    if not made.classes:
        return _of_target(made.logits, made.labels)
    heads = [made.head(number) for number in range(len(spans(made.classes)))]
    each = [_of_target(head.logits, head.labels) for head in heads]
    return Measured(sum(m.top1 for m in each) / len(each), sum(m.loss for m in each) / len(each))


def _of_target(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> Measured:
    """Measure top-1 and the mean cross-entropy as `bench.metrics.accuracy` does."""
    own = logits[np.arange(len(labels)), labels].astype(np.float64)
    top = logits.max(axis=1, keepdims=True).astype(np.float64)
    log_sum = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return Measured(float((ranks(logits, labels) == 0).mean()), float((log_sum - own).mean()))
