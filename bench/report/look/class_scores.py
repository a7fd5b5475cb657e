"""How well each class does: precision, recall, F1 and support, from a confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.report.look.confusion import Counts


@dataclass(frozen=True)
class ClassScore:
    """One class: `support` images are of it, `predicted` were taken for it, `right` of them rightly.

    `precision` is NaN where nothing was taken for it, `recall` where no image is of it, `f1` where neither is. Of
    its images that were mistaken most were taken for the class `taken_for` (None where none was).
    """

    index: int
    name: str
    support: int
    predicted: int
    right: int
    precision: float
    recall: float
    f1: float
    taken_for: int | None


def class_scores(matrix: Counts, support: Counts, names: Sequence[str]) -> list[ClassScore]:
    """Score every class, in the order of the matrix.

    `support` (classes,) may be more than the sum of a row: an image without a prediction counts as missed.
    """
    mistaken = matrix * ~np.eye(len(matrix), dtype=bool)
    return [
        _score(index, name, int(support[index]), int(matrix[:, index].sum()), int(matrix[index, index]), mistaken)
        for index, name in enumerate(names)
    ]


def weakest_first(scores: Sequence[ClassScore]) -> list[ClassScore]:
    """Sort by F1, least first, then by support, largest first; classes without one come last."""
    return sorted(scores, key=lambda score: (math.isnan(score.f1), score.f1, -score.support, score.index))


def mean_f1(scores: Sequence[ClassScore]) -> float:
    """Return the macro-averaged F1 over the classes that have one; NaN where none has."""
    known = [score.f1 for score in scores if not math.isnan(score.f1)]
    return sum(known) / len(known) if known else math.nan


def mean_recall(scores: Sequence[ClassScore]) -> float:
    """Return the mean recall of the classes that have images (balanced accuracy); NaN where none has."""
    known = [score.recall for score in scores if score.support]
    return sum(known) / len(known) if known else math.nan


def _score(index: int, name: str, support: int, predicted: int, right: int, mistaken: Counts) -> ClassScore:
    return ClassScore(
        index=index,
        name=name,
        support=support,
        predicted=predicted,
        right=right,
        precision=right / predicted if predicted else math.nan,
        recall=right / support if support else math.nan,
        f1=2 * right / (support + predicted) if support + predicted else math.nan,
        taken_for=int(mistaken[index].argmax()) if mistaken[index].any() else None,
    )
