"""Metrics from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from bench.records import Metrics
from bench.spec import Metric

if TYPE_CHECKING:  # what is made of kept logits needs no torch
    from torch import Tensor

M = TypeVar("M", bound=Metrics)
Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
TOP = 5


def measure(kind: type[M], logits: Floats | npt.NDArray[np.float64], labels: Labels) -> M:
    """Measure logits (N, C) against labels (N,): top-1, top-5, mean cross-entropy and macro-averaged F1.

    Top-5 of fewer than five classes is 1. A class that is neither present nor predicted counts 0 in the F1, as
    scikit-learn's `zero_division=0` has it. Not-a-number logits give a not-a-number loss and are never right.
    """
    n, classes = logits.shape
    own = logits[np.arange(n), labels]
    better = (logits > own[:, None]).sum(axis=1)
    tied_before = ((logits == own[:, None]) & (np.arange(classes) < labels[:, None])).sum(axis=1)
    rank = np.where(np.isfinite(logits).all(axis=1), better + tied_before, classes)
    return kind(
        top1=float((rank == 0).mean()),
        top5=float((rank < TOP).mean()),
        loss=float((_log_sum_exp(logits) - own.astype(np.float64)).mean()),
        macro_f1=_macro_f1(logits.argmax(axis=1), labels, classes),
        n=n,
    )


def hits(scores: Tensor, labels: Tensor) -> Tensor:
    """Count the rows of scores (..., N, classes) whose label (N,) comes first, as the top-1 of `measure` does."""
    right = (scores.argmax(dim=-1) == labels) & scores.isfinite().all(dim=-1)
    return right.sum(dim=-1)


def value_of(metrics: Metrics, metric: Metric) -> float:
    """Read a validation metric so that larger is better: a loss comes with its sign turned."""
    value = float(getattr(metrics, metric.removeprefix("val_")))
    return -value if metric == "val_loss" else value


def _log_sum_exp(logits: Floats | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    top = logits.max(axis=1, keepdims=True).astype(np.float64)
    total: npt.NDArray[np.float64] = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return total


def _macro_f1(predicted: Labels, labels: Labels, classes: int) -> float:
    right = np.bincount(labels[predicted == labels], minlength=classes)
    seen = np.bincount(labels, minlength=classes) + np.bincount(predicted, minlength=classes)
    present = seen > 0
    return float((2 * right[present] / seen[present]).mean())
