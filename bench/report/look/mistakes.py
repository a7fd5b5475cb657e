"""Which test images show what a run gets right and wrong: true class, predicted class, how sure it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import softmax

from bench.records.predictions import TestPredictions

Sort = Literal["confidence", "doubt", "class", "order"]
SORTS: dict[str, str] = {
    "confidence": "surest first",
    "doubt": "least sure first",
    "class": "by true class, surest first",
    "order": "as in the dataset",
}


@dataclass(frozen=True)
class Judged:
    """One test image: its id, its classes by name, and the softmax probability of each of the two."""

    position: int
    id: str
    true: str
    predicted: str
    confidence: float
    true_confidence: float
    right: bool


@dataclass(frozen=True)
class Chosen:
    """The images that are shown, and of how many: `wrong` of `total` test images."""

    shown: tuple[Judged, ...]
    wrong: int
    total: int


def judge(predictions: TestPredictions, names: Sequence[str]) -> list[Judged]:
    """Judge every test image, in the dataset's order.

    `names` are the classes'. Scores that are no finite numbers are never right, and their confidence is 0.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        shares = softmax(predictions.logits.astype(np.float64), axis=1)
    finite = np.atleast_1d(np.isfinite(shares).all(axis=1))
    shares = np.where(finite[:, None], shares, 0.0)
    predicted = shares.argmax(axis=1)
    judged = []
    for position, (label, guess) in enumerate(zip(predictions.labels.tolist(), predicted.tolist(), strict=True)):
        known = bool(finite[position])
        judged.append(
            Judged(
                position,
                str(predictions.ids[position]),
                names[label],
                names[guess] if known else "no finite score",
                float(shares[position, guess]),
                float(shares[position, label]),
                right=known and guess == label,
            )
        )
    return judged


def choose(judged: Sequence[Judged], *, most: int, sort: Sort, everything: bool = False) -> Chosen:
    """Choose at most so many wrong ones, the first of the order; or of all images evenly spread ones."""
    wrong = sum(not one.right for one in judged)
    ordered = _ordered([one for one in judged if everything or not one.right], sort)
    if everything and len(ordered) > most:
        last = max(1, most - 1)
        ordered = [ordered[round(place * (len(ordered) - 1) / last)] for place in range(most)]
    return Chosen(tuple(ordered[:most]), wrong, len(judged))


def summary(chosen: Chosen, *, everything: bool, sort: Sort) -> str:
    """Say in words what is shown."""
    share = f"{100 * chosen.wrong / chosen.total:.1f} %" if chosen.total else "none"
    counted = f"{chosen.wrong:,} of {chosen.total:,} test images are wrong ({share})"
    shown = len(chosen.shown)
    if everything:
        return f"{counted}; {shown} evenly spread ones of all, {SORTS[sort]}"
    return f"{counted}; {'all' if shown == chosen.wrong else shown} of them, {SORTS[sort]}" if shown else counted


def mistake_records(chosen: Chosen, run_id: str, target: str) -> dict[str, Any]:
    """Return what is shown of one target as plain data."""
    images = [{key: value for key, value in asdict(one).items() if key != "position"} for one in chosen.shown]
    return {"run_id": run_id, "target": target, "wrong": chosen.wrong, "total": chosen.total, "images": images}


def _ordered(judged: list[Judged], sort: Sort) -> list[Judged]:
    if sort == "order":
        return judged
    if sort == "doubt":
        return sorted(judged, key=lambda one: one.confidence)
    if sort == "class":
        return sorted(judged, key=lambda one: (one.true, -one.confidence))
    return sorted(judged, key=lambda one: -one.confidence)
