"""What a model gets right, wrong, and how surely: all that follows from logits, labels and class names alone."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.metrics.calibration import Bin, equal_mass_bins, equal_width_bins, expected_error, maximum_error
from bench.report.look.class_scores import ClassScore, class_scores, mean_f1, mean_recall, weakest_first
from bench.report.look.confidence import Covered, Sureness, selective, sureness
from bench.report.look.confusion import (
    Counts,
    Pair,
    clustered_order,
    confusion_matrix,
    error_order,
    expected_confusion,
    worst_pairs,
)
from bench.report.look.probabilities import Scored, brier, likelihood_loss, score, top_k

ORDERS = ("clustered", "dataset", "errors")
"""Orders of the classes: those confused with each other together, the dataset's own, most errors first."""


@dataclass(frozen=True)
class Calibration:
    """Reliability in bins of equal width and of equal mass, and what they and the probabilities themselves say.

    `ece` and `mce` are of equal width, `adaptive_ece` of equal mass; `nll` is in nats, `brier` from 0 to 2.
    """

    ece: float
    adaptive_ece: float
    mce: float
    nll: float
    brier: float
    bins: tuple[Bin, ...]
    mass_bins: tuple[Bin, ...]


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What logits say of n images; `not_finite` of them have no prediction and count as wrong.

    `matrix` counts images by true (rows) and predicted class; `orders` are permutations of the classes, by the
    names of `ORDERS`. `cooled` is the calibration after dividing by `temperature`; without one it is None.
    """

    names: tuple[str, ...]
    n: int
    not_finite: int
    top_k: dict[int, float]
    macro_f1: float
    mean_recall: float
    matrix: Counts
    orders: dict[str, tuple[int, ...]]
    pairs: tuple[Pair, ...]
    classes: tuple[ClassScore, ...]
    calibration: Calibration
    temperature: float | None
    cooled: Calibration | None
    right: Sureness
    wrong: Sureness
    coverage: tuple[Covered, ...]

    @property
    def top1(self) -> float:
        """Accuracy."""
        return self.top_k[1]

    @property
    def errors(self) -> int:
        """Images taken for another class."""
        return int(self.matrix.sum() - self.matrix.trace())


def diagnose(
    logits: npt.NDArray[np.floating],
    labels: Counts,
    names: Sequence[str] = (),
    *,
    temperature: float | None = None,
) -> Diagnosis:
    """Diagnose logits (n, classes) against labels (n,); without `names` the classes are called by their numbers.

    `temperature` must come from other images (`fit_temperature` takes validation predictions only). Raises
    ValueError where labels or names do not fit the logits.
    """
    classes = logits.shape[1]
    named = tuple(names) or tuple(map(str, range(classes)))
    if len(named) != classes:
        raise ValueError(f"{len(named)} names do not fit {classes} classes.")
    scored = score(logits, labels)
    matrix = confusion_matrix(labels, scored.predicted, classes)
    scores = class_scores(matrix, np.bincount(labels, minlength=classes), named)
    return Diagnosis(
        names=named,
        n=scored.n,
        not_finite=scored.not_finite,
        top_k=top_k(logits, labels),
        macro_f1=mean_f1(scores),
        mean_recall=mean_recall(scores),
        matrix=matrix,
        orders=_orders(scored, matrix),
        pairs=tuple(worst_pairs(matrix)),
        classes=tuple(weakest_first(scores)),
        calibration=calibration(scored),
        temperature=temperature,
        cooled=None if temperature is None else calibration(score(logits, labels, temperature)),
        right=sureness(scored.confidence[scored.right]),
        wrong=sureness(scored.confidence[~scored.right]),
        coverage=tuple(selective(scored.confidence, scored.right)),
    )


def calibration(scored: Scored) -> Calibration:
    """Measure how well confidence fits accuracy, over the images that have a prediction."""
    bins = equal_width_bins(scored.confidence, scored.right)
    mass = equal_mass_bins(scored.confidence, scored.right)
    return Calibration(
        ece=expected_error(bins),
        adaptive_ece=expected_error(mass),
        mce=maximum_error(bins),
        nll=likelihood_loss(scored),
        brier=brier(scored),
        bins=tuple(bins),
        mass_bins=tuple(mass),
    )


def diagnosis_record(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as plain data for JSON: arrays are lists, what is not finite is None."""
    fields = {field.name: getattr(diagnosis, field.name) for field in dataclasses.fields(diagnosis)}
    made: dict[str, Any] = plain({**fields, "matrix": diagnosis.matrix.tolist()})
    return made


def plain(value: Any) -> Any:
    """Turn records of records into dictionaries and lists; what is not finite becomes None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _orders(scored: Scored, matrix: Counts) -> dict[str, tuple[int, ...]]:
    alike = expected_confusion(scored.probabilities, scored.labels)
    found = (clustered_order(alike), np.arange(len(matrix)), error_order(matrix))
    return {name: tuple(map(int, order)) for name, order in zip(ORDERS, found, strict=True)}
