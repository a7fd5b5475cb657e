"""The kept predictions of a run, head by head: a run with several targets has one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.records.predictions import RunPredictions, TestPredictions, ValPredictions


@dataclass(frozen=True, eq=False)
class HeadPredictions:
    """What one head says about val and test; `names` is empty where the classes have none."""

    target: str
    names: tuple[str, ...]
    val: ValPredictions
    test: TestPredictions


def split_heads(
    made: RunPredictions, targets: Sequence[str], names: Mapping[str, tuple[str, ...]]
) -> list[HeadPredictions]:
    """Part what a run says by its targets, each as a run of that target alone would say it.

    Names that are not as many as a head's classes are left out.
    """
    heads = []
    for target in targets:
        own, known = made.of(target), names.get(target, ())
        fits = len(known) == own.test.logits.shape[1]
        heads.append(HeadPredictions(target, known if fits else (), own.val, own.test))
    return heads
