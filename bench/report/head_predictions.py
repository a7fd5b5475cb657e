"""The kept predictions of a run, head by head: a run with several targets has one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import BenchError
from bench.store.artifacts import RunPredictions, TestPredictions, ValPredictions


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
    """Part the logits of a run by its targets.

    Raises BenchError where there are several and their class names, so how many each has, are not known.
    """
    if len(targets) == 1:
        known = names.get(targets[0], ())
        fits = len(known) == made.test.logits.shape[1]
        return [HeadPredictions(targets[0], known if fits else (), made.val, made.test)]
    raise BenchError(
        f"The heads {' and '.join(targets)} cannot be told apart.", "Not yet.", "Look at a run with one target."
    )
