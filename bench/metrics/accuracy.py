"""Metrics from logits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from bench.metrics.ranks import TOP, ranks
from bench.records.runs import Metrics
from bench.records.targets import spans
from bench.spec import Metric

if TYPE_CHECKING:  # what is made of kept logits needs no torch
    from torch import Tensor

M = TypeVar("M", bound=Metrics)
Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def measure(
    kind: type[M], logits: Floats | npt.NDArray[np.float64], labels: Labels, classes: Sequence[int] = ()
) -> M:
    """Measure logits (N, C) against labels (N,): top-1, top-5, cross-entropy, macro F1, balanced accuracy.

    With labels (N, targets) of targets with so many `classes` each number is the mean over the targets.
    Top-5 of fewer than five classes is 1. A class that is neither present nor predicted counts 0 in the F1, as
    scikit-learn's `zero_division=0` has it. Balanced accuracy is scikit-learn's `balanced_accuracy_score`: the
    mean recall over the classes that are present. NaN logits give a NaN loss and are never right.
    """
    if classes:
        return _mean(kind, measure_heads(kind, logits, labels, classes))
    n, width = logits.shape
    own = logits[np.arange(n), labels]
    rank = np.minimum(ranks(logits, labels), width)  # of fewer than five classes, all are among the first five
    return kind(
        top1=float((rank == 0).mean()),
        top5=float((rank < TOP).mean()),
        loss=float((_log_sum_exp(logits) - own.astype(np.float64)).mean()),
        macro_f1=_macro_f1(logits.argmax(axis=1), labels, width),
        n=n,
        balanced_accuracy=_mean_recall(rank == 0, labels),
    )


def measure_heads(
    kind: type[M], logits: Floats | npt.NDArray[np.float64], labels: Labels, classes: Sequence[int]
) -> list[M]:
    """Measure each target's stretch of the logits against its labels; see `measure`."""
    return [measure(kind, logits[:, span], labels[:, at]) for at, span in enumerate(spans(classes))]


def first_ones(scores: Tensor, labels: Tensor, classes: Sequence[int] = ()) -> Tensor:
    """Count along (..., N) where scores (..., N, C) are largest at the label (..., N), finite or not.

    With labels (..., N, targets) of targets with so many `classes` it is the sum over the targets.
    """
    return summed(lambda some, own: (some.argmax(dim=-1) == own).sum(dim=-1), scores, labels, classes)


def hits(scores: Tensor, labels: Tensor, classes: Sequence[int] = ()) -> Tensor:
    """Count the rows of scores (..., N, C) whose label (N,) comes first, as the top-1 of `measure` does.

    With labels (N, targets) of targets with so many `classes` it is the sum over the targets.
    """

    def right(some: Tensor, own: Tensor) -> Tensor:
        return ((some.argmax(dim=-1) == own) & some.isfinite().all(dim=-1)).sum(dim=-1)

    return summed(right, scores, labels, classes)


def summed(
    count: Callable[[Tensor, Tensor], Tensor], scores: Tensor, labels: Tensor, classes: Sequence[int]
) -> Tensor:
    """Add up what `count` says of each target's stretch of the scores and its labels."""
    if not classes:
        return count(scores, labels)
    each = [count(scores[..., span], labels[..., at]) for at, span in enumerate(spans(classes))]
    return sum(each[1:], start=each[0])


def majority_top1(train: Labels, labels: Labels) -> float:
    """Return the accuracy on `labels` of always naming the most frequent class of `train`; of a tie the first.

    Labels are (N,), or (N, targets): then the mean over the targets.
    """
    each = zip(train.reshape(len(train), -1).T, labels.reshape(len(labels), -1).T, strict=True)
    return float(np.mean([(own == np.bincount(seen).argmax()).mean() for seen, own in each]))


def value_of(metrics: Metrics, metric: Metric) -> float:
    """Read a validation metric so that larger is better: a loss comes with its sign turned."""
    value = float(getattr(metrics, metric.removeprefix("val_")))
    return -value if metric == "val_loss" else value


def _mean(kind: type[M], each: Sequence[M]) -> M:
    names = ("top1", "top5", "loss", "macro_f1", "balanced_accuracy")
    return kind(**{name: sum(getattr(m, name) for m in each) / len(each) for name in names}, n=each[0].n)


def _log_sum_exp(logits: Floats | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    top = logits.max(axis=1, keepdims=True).astype(np.float64)
    total: npt.NDArray[np.float64] = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return total


def _macro_f1(predicted: Labels, labels: Labels, classes: int) -> float:
    right = np.bincount(labels[predicted == labels], minlength=classes)
    seen = np.bincount(labels, minlength=classes) + np.bincount(predicted, minlength=classes)
    present = seen > 0
    return float((2 * right[present] / seen[present]).mean())


def _mean_recall(right: npt.NDArray[np.bool_], labels: Labels) -> float:
    count = np.bincount(labels)
    present = count > 0
    return float((np.bincount(labels[right], minlength=len(count))[present] / count[present]).mean())
