"""Two runs side by side: what differs in their specs, what they measured, where only one of them is right."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.errors import BenchError
from bench.report.diagnosis import Diagnosis, diagnose, plain
from bench.report.head_predictions import HeadPredictions, split_heads
from bench.report.look import FindNames
from bench.report.paired import PairedTest, paired_test, same_order
from bench.report.probabilities import Scored, fit_temperature, score
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow, StoredRun
from bench.store.store import Store


@dataclass(frozen=True)
class Difference:
    """One key of the spec whose values differ; None where a spec does not have it."""

    key: str
    first: Any
    second: Any


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


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two finished runs, and what their heads of the same targets say; `notes` are what a reader must know."""

    first: StoredRun
    second: StoredRun
    differences: tuple[Difference, ...]
    heads: tuple[HeadComparison, ...]
    notes: tuple[str, ...]


def compare_runs(store: Store, first: str, second: str, find_names: FindNames) -> Comparison:
    """Compare two runs, named by the beginnings of their ids.

    Raises StoreError where one is not one run or has no predictions, BenchError where they are the same run, not
    done, or not of the same test images.
    """
    stored = store.run(first), store.run(second)
    _check(*(run.row for run in stored))
    artifacts = Artifacts.beside(store.location)
    named = find_names(stored[0], artifacts)
    one, other = (_heads(run, artifacts, named.names) for run in stored)
    shared = [target for target in one if target in other]
    if not shared:
        raise BenchError(
            "The runs have no target in common.", f"{', '.join(one)} and {', '.join(other)}.", "Compare others."
        )
    return Comparison(
        *stored,
        differences=tuple(spec_differences(stored[0].spec_data, stored[1].spec_data)),
        heads=tuple(compare_heads(one[target], other[target]) for target in shared),
        notes=(named.missing,) if named.missing else (),
    )


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


def spec_differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    """List every key, dotted, under which two specs say something else."""
    one, other = dict(_flat(first)), dict(_flat(second))
    return [
        Difference(key, one.get(key), other.get(key))
        for key in dict.fromkeys((*one, *other))
        if one.get(key) != other.get(key)
    ]


def comparison_record(made: Comparison) -> dict[str, Any]:
    """Return everything as plain data; the numbers of each head in full, without its confusion matrix."""
    record: dict[str, Any] = plain(
        {
            "first": made.first.row._asdict(),
            "second": made.second.row._asdict(),
            "differences": made.differences,
            "notes": made.notes,
            "heads": [_head_record(head) for head in made.heads],
        }
    )
    return record


def _check(first: RunRow, second: RunRow) -> None:
    if first.run_id == second.run_id:
        raise BenchError("Both are the same run.", f"It is {first.run_id[:12]}.", "Name two runs.")
    for row in (first, second):
        if row.status != "done":
            short = row.run_id[:12]
            raise BenchError(
                f"Run {short} has no result.", f"It is {row.status}.", f"`bench show {short}` says how it ended."
            )
    if (first.dataset, first.fingerprint) != (second.dataset, second.fingerprint):
        what = f"{first.dataset} and {second.dataset}" if first.dataset != second.dataset else "two states of it"
        raise BenchError("The runs are of different data.", f"They saw {what}.", "Compare runs of one dataset.")


def _heads(
    stored: StoredRun, artifacts: Artifacts, names: Mapping[str, tuple[str, ...]]
) -> dict[str, HeadPredictions]:
    made = artifacts.predictions(stored.row.run_id)
    return {head.target: head for head in split_heads(made, stored.row.target.split("+"), names)}


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, inner in value.items():
        found += _flat(inner, f"{prefix}{key}.") if isinstance(inner, Mapping) else [(f"{prefix}{key}", inner)]
    return found


def _class_differences(
    labels: np.ndarray[Any, np.dtype[np.int64]], first: Any, second: Any, names: Sequence[str]
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


def _head_record(head: HeadComparison) -> dict[str, Any]:
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
