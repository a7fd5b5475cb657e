"""Is the difference between two groups more than noise? Asked of validation, because the answer may choose."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.errors import BenchError
from bench.metrics.calibration import Truths
from bench.metrics.paired import LEVEL, paired_test, same_order
from bench.records.predictions import ValPredictions
from bench.report.board.groups import Group
from bench.store.artifacts import Artifacts

FindVal = Callable[[str], ValPredictions | None]
"""Run id -> its validation predictions; None where they are not at hand."""


@dataclass(frozen=True)
class Doubt:
    """Whether a difference is `within` noise at 5 %, and `how` that was found out."""

    within: bool
    how: str


def no_predictions(_run_id: str) -> ValPredictions | None:
    """Find none: for reports of rows alone."""
    return None


def kept_predictions(artifacts: Artifacts) -> FindVal:
    """Read predictions that are kept beside a database; one that is missing or damaged is not at hand."""

    def find(run_id: str) -> ValPredictions | None:
        try:
            return artifacts.predictions(run_id).val
        except (BenchError, ValueError):
            return None

    return find


def doubt(first: Group, second: Group, find: FindVal = no_predictions) -> Doubt | None:
    """Compare two groups on validation: image by image where predictions are at hand, and by the spread of seeds.

    A difference is more than noise where all that can be asked says so: other images could turn it, and so could
    other seeds. Runs with several heads are compared by their seeds. None where nothing tells: no predictions, and
    a single seed.
    """
    asked = [found for found in (_paired(first, second, find), _of_seeds(first, second)) if found]
    if not asked:
        return None
    return Doubt(any(found.within for found in asked), "; ".join(found.how for found in asked))


def _paired(first: Group, second: Group, find: FindVal) -> Doubt | None:
    """Compare how many seeds of each group are right on each image; None unless every run's predictions are there.

    Two single runs by McNemar's test, else by a t-test of the n differences.
    """
    if first.heads or second.heads or first.ensemble or second.ensemble:
        return None
    made = [_predictions(group, find) for group in (first, second)]
    if not all(made):
        return None
    one = made[0][0]
    try:
        right = [np.array([_right(one, other) for other in group]) for group in made]
    except BenchError:
        return None
    seeds = [len(each) for each in right]
    same = f"paired on the same {len(one.ids):,} validation images"
    if seeds == [1, 1]:
        test = paired_test(right[0][0], right[1][0])
        return Doubt(not test.tells, f"{same}, McNemar's mid-p = {test.mid_p:.2g}")
    differences = right[0].mean(axis=0) - right[1].mean(axis=0)
    if not differences.std():
        return Doubt(not differences.any(), f"{same}, every one alike")
    from scipy.stats import ttest_1samp  # noqa: PLC0415 - slow, and only this needs it

    p = float(ttest_1samp(differences, 0.0).pvalue)
    return Doubt(not p < LEVEL, f"{same} over {seeds[0]} and {seeds[1]} seeds, t-test's p = {p:.2g}")


def _predictions(group: Group, find: FindVal) -> list[ValPredictions]:
    """Find what every run of a group predicts; nothing where one is missing, or has several heads."""
    found = [made for row in group.rows if (made := find(row.run_id)) and not made.classes]
    return found if len(found) == len(group.rows) else []


def _right(one: ValPredictions, other: ValPredictions) -> Truths:
    """Say on which images of `one` the other is right; BenchError where it has not the same images."""
    right: Truths = other.logits.argmax(axis=1) == other.labels
    return right[same_order(one, other)]


def _of_seeds(first: Group, second: Group) -> Doubt | None:
    values = [[row.val_top1 or 0.0 for row in group.rows] for group in (first, second)]
    if min(map(len, values)) < 2:  # noqa: PLR2004 - one seed has no spread
        return None
    from scipy.stats import ttest_ind  # noqa: PLC0415 - slow, and only this needs it

    counts = f"{len(values[0])} and {len(values[1])} seeds"
    if len({*values[0]}) == len({*values[1]}) == 1:  # no spread at all
        return Doubt(first.val == second.val, f"every one of {counts} gave the same")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of seeds that gave nearly the same
        p = float(ttest_ind(*values, equal_var=False).pvalue)
    return Doubt(not (math.isfinite(p) and p < LEVEL), f"by the spread of {counts}, Welch's p = {p:.2g}")
