"""Two heads on the same test images: the paired test, class by class, and every image that only one gets right."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.errors import BenchError
from bench.metrics.calibration import Truths
from bench.metrics.paired import PairedTest, paired_test, same_order
from bench.report.look.confusion import Counts
from bench.report.look.diagnosis import Diagnosis, diagnose
from bench.report.look.head_predictions import HeadPredictions
from bench.report.look.probabilities import Scored, fit_temperature, score


@dataclass(frozen=True)
class ClassDifference:
    """One class: how many of its `support` images only one of the runs gets right, and its recall under both."""

    name: str
    support: int
    only_first: int
    only_second: int
    first_recall: float
    second_recall: float


@dataclass(frozen=True)
class Disagreement:
    """An image that only one of the runs gets right; predicted classes are None where logits are not finite."""

    id: str
    label: str
    first: str | None
    second: str | None
    first_right: bool


@dataclass(frozen=True, eq=False)
class HeadComparison:
    """What both runs say of one target on the same test images."""

    target: str
    first: Diagnosis
    second: Diagnosis
    test: PairedTest
    classes: tuple[ClassDifference, ...]
    disagreements: tuple[Disagreement, ...]


def compare_heads(first: HeadPredictions, second: HeadPredictions) -> HeadComparison:
    """Compare two heads on their test images. Raises BenchError where these are not the same."""
    places = same_order(first.test, second.test)
    labels, names = first.test.labels, first.names
    logits = first.test.logits, second.test.logits[places]
    if logits[0].shape != logits[1].shape:
        raise BenchError(
            "The runs cannot be compared class by class.",
            "They know different numbers of classes.",
            "Compare others.",
        )
    temperatures = fit_temperature(first.val), fit_temperature(second.val)
    seen = [diagnose(one, labels, names, temperature=t) for one, t in zip(logits, temperatures, strict=True)]
    scored = score(logits[0], labels), score(logits[1], labels)
    right = scored[0].predicted == labels, scored[1].predicted == labels
    return HeadComparison(
        target=first.target,
        first=seen[0],
        second=seen[1],
        test=paired_test(*right),
        classes=tuple(_class_differences(labels, right[0], right[1], seen[0].names)),
        disagreements=tuple(_disagreements(first, scored, seen[0].names)),
    )


def _class_differences(
    labels: Counts, first: Truths, second: Truths, names: Sequence[str]
) -> list[ClassDifference]:
    """Compare the classes that have images, those that differ most first."""
    count = [
        np.bincount(labels[which], minlength=len(names))
        for which in (first, second, first & ~second, second & ~first)
    ]
    support = np.bincount(labels, minlength=len(names))
    made = [
        ClassDifference(
            name, int(n), int(count[2][i]), int(count[3][i]), float(count[0][i] / n), float(count[1][i] / n)
        )
        for i, (name, n) in enumerate(zip(names, support, strict=True))
        if n
    ]
    return sorted(made, key=lambda one: -abs(one.only_first - one.only_second))


def _disagreements(
    head: HeadPredictions, scored: tuple[Scored, Scored], names: Sequence[str]
) -> list[Disagreement]:
    labels, (first, second) = head.test.labels, (one.predicted for one in scored)
    where = np.flatnonzero((first == labels) != (second == labels))
    called = [*names, None]  # -1, no prediction, is the last
    return [
        Disagreement(
            str(head.test.ids[i]),
            names[labels[i]],
            called[first[i]],
            called[second[i]],
            bool(first[i] == labels[i]),
        )
        for i in where
    ]


def head_record(head: HeadComparison) -> dict[str, Any]:
    """Return a comparison as records, without the confusion matrices."""
    kept = (
        "n",
        "not_finite",
        "top_k",
        "macro_f1",
        "mean_recall",
        "calibration",
        "temperature",
        "cooled",
        "right",
        "wrong",
    )
    sides = {side: {key: getattr(getattr(head, side), key) for key in kept} for side in ("first", "second")}
    rest = {field.name: getattr(head, field.name) for field in dataclasses.fields(head) if field.name not in sides}
    return {**rest, **sides}
