"""What each head of a joint run measured, and how often two of them contradict each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.data.splits import Split, Splits
from bench.metrics.accuracy import Floats, measure_heads
from bench.records.runs import Contradiction, HeadResult, TestMetrics, ValMetrics
from bench.records.targets import coarser, contradicted


def head_results(targets: Sequence[str], splits: Splits, val: Floats, test: Floats) -> tuple[HeadResult, ...]:
    """Measure each head on val and test, given the scores (N, sum of classes); none where there is one head."""
    measured = zip(
        targets,
        splits.val.classes,
        measure_heads(ValMetrics, val, splits.val.labels, splits.val.classes),
        measure_heads(TestMetrics, test, splits.test.labels, splits.test.classes),
        strict=False,  # a run with one target has no classes here
    )
    return tuple(HeadResult(*each) for each in measured)


def head_contradictions(
    targets: Sequence[str], splits: Splits, val: Floats, test: Floats
) -> tuple[Contradiction, ...]:
    """Count, for each pair of targets of which one groups the other's classes, how often the heads disagree."""
    classes = splits.val.classes
    if not classes:
        return ()
    parts: tuple[Split, ...] = (splits.train, splits.val, splits.test)
    groups = coarser(np.concatenate([part.labels for part in parts]), classes)
    return tuple(
        Contradiction(name, targets[fine], targets[coarse], share, len(scores))
        for name, scores in (("val", val), ("test", test))
        for (fine, coarse), share in contradicted(scores, classes, groups).items()
    )
