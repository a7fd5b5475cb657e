"""Is the difference between two groups more than noise? Asked of validation, because the answer may choose."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from bench.errors import BenchError
from bench.report.board.groups import Group
from bench.report.look.paired import LEVEL, paired_test, same_order
from bench.store.artifacts import Artifacts, ValPredictions

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
    """Compare two groups on validation: image by image if both runs' predictions are at hand, else by their seeds.

    Image by image the runs of the lowest seed that both have are compared; runs with several heads by their seeds.
    None where nothing tells: no predictions, and a single seed.
    """
    return _paired(first, second, find) or _of_seeds(first, second)


def _paired(first: Group, second: Group, find: FindVal) -> Doubt | None:
    if first.heads or second.heads or first.ensemble or second.ensemble:
        return None
    rows = {row.seed: row for row in second.rows}
    pair = next(((row, rows[row.seed]) for row in first.rows if row.seed in rows), (first.first, second.first))
    one, other = (find(row.run_id) for row in pair)
    if one is None or other is None or one.classes or other.classes:
        return None
    try:
        places = same_order(one, other)
    except BenchError:
        return None
    right = [made.logits.argmax(axis=1) == made.labels for made in (one, other)]
    test = paired_test(right[0], right[1][places])
    how = f"paired on the same {test.n:,} validation images, McNemar's mid-p = {test.mid_p:.2g}"
    return Doubt(not test.tells, how)


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
