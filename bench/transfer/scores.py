"""How well logits over our classes name the images of another dataset, read through a label map. Numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from bench.metrics.ranks import TOP, ranks

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Measured:
    """Fractions over n images. `macro_f1` is the mean F1 of those of our classes that are mapped to.

    `confidence_right` and `confidence_wrong` are the mean greatest softmax probability of images that are named
    right and wrong; None where there is none.
    """

    n: int
    top1: float
    top5: float
    macro_f1: float
    confidence_right: float | None
    confidence_wrong: float | None


@dataclass(frozen=True)
class ClassScore:
    """One of their classes: which of ours is right for it, and what was said of its images.

    `said` are the classes of ours that were said most, with how often, the right one included.
    """

    theirs: str
    ours: str
    n: int
    top1: float
    top5: float
    confidence_right: float | None
    confidence_wrong: float | None
    said: tuple[tuple[str, int], ...]


def measure_mapped(
    logits: Floats, labels: Labels, right: Mapping[int, int], *, only_mapped: bool = False
) -> Measured:
    """Measure logits (n, our classes) of images with their `labels` (n,), of which `right` names ours.

    With `only_mapped` classes of ours that nothing is mapped to cannot be said. Every label must be in `right`.
    """
    wanted = np.array([right[int(label)] for label in labels], dtype=np.int64)
    mapped = np.unique(list(right.values()))
    if only_mapped:
        logits, wanted, mapped = logits[:, mapped], np.searchsorted(mapped, wanted), np.arange(len(mapped))
    rank, confidence = ranks(logits, wanted), confidences(logits)
    hit = rank == 0
    return Measured(
        n=len(labels),
        top1=float(hit.mean()),
        top5=float((rank < TOP).mean()),
        macro_f1=_macro_f1(logits.argmax(axis=1), wanted, np.unique(wanted)),
        confidence_right=_mean(confidence[hit]),
        confidence_wrong=_mean(confidence[~hit]),
    )


def class_scores(
    logits: Floats, labels: Labels, right: Mapping[int, int], theirs: Sequence[str], ours: Sequence[str]
) -> list[ClassScore]:
    """Score each of their classes that has images, in the order of `right`."""
    found = []
    for label, wanted in right.items():
        rows = logits[labels == label]
        if not len(rows):
            continue
        rank, confidence = ranks(rows, np.full(len(rows), wanted)), confidences(rows)
        said, times = np.unique(rows.argmax(axis=1), return_counts=True)
        most = np.argsort(-times, kind="stable")[:3]
        hit = rank == 0
        found.append(
            ClassScore(
                theirs=theirs[label],
                ours=ours[wanted],
                n=len(rows),
                top1=float(hit.mean()),
                top5=float((rank < TOP).mean()),
                confidence_right=_mean(confidence[hit]),
                confidence_wrong=_mean(confidence[~hit]),
                said=tuple((ours[said[i]], int(times[i])) for i in most),
            )
        )
    return found


def confusion(logits: Floats, labels: Labels, their_classes: Sequence[int]) -> tuple[list[int], list[list[int]]]:
    """Count what was said of each of their classes: (our classes that were said, counts (theirs, ours))."""
    said = logits.argmax(axis=1)
    columns = np.unique(said)
    counts = [[int(((labels == label) & (said == column)).sum()) for column in columns] for label in their_classes]
    return columns.tolist(), counts


def confidences(logits: Floats) -> npt.NDArray[np.float64]:
    """Return each image's greatest softmax probability, (n,)."""
    with np.errstate(invalid="ignore"):  # infinite scores have no softmax: not a number
        greatest: npt.NDArray[np.float64] = softmax(logits.astype(np.float64), axis=1).max(axis=1)
    return greatest


def _macro_f1(said: Labels, wanted: Labels, classes: Labels) -> float:
    hits = np.array([((said == c) & (wanted == c)).sum() for c in classes])
    seen = np.array([(said == c).sum() + (wanted == c).sum() for c in classes])
    return float((2 * hits / seen).mean())


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else None
