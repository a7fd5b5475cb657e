"""What a run tells while it trains, and how it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.errors import INTERRUPTED, BenchError
from bench.records.rungs import Halt
from bench.records.runs import EpochRecord


class StoppedError(BenchError):
    """The run was told to stop; it goes on at its last epoch when it is started again."""

    exit_code = INTERRUPTED


class PrunedError(BenchError):
    """The run was stopped at a rung; its checkpoint is of that epoch, so it can go on."""

    def __init__(self, halt: Halt) -> None:
        super().__init__(
            f"Pruned at rung {halt.rung}, after epoch {halt.epoch}.",
            halt.reason,
            "Sweep again without --prune to train it to its end.",
        )
        self.halt = halt


def _nothing(*_: object) -> None:
    """Hear nothing."""


@dataclass(frozen=True)
class Hooks:
    """What a run calls.

    `epoch` after each one, `step` with (step, of) in between, `features` with (done, of) images of a frozen pass,
    `moved` when the next call would begin further on than this one did, `note` with a message; `stop` is asked
    between steps, `late` while it waits for another process, and `prune`, given the number of an epoch, whether
    the run ends after it: once the epochs of all runs that train together have been recorded.
    """

    epoch: Callable[[EpochRecord], None] = _nothing
    step: Callable[[int, int], None] = _nothing
    features: Callable[[int, int], None] = _nothing
    note: Callable[[str], None] = _nothing
    stop: Callable[[], bool] = lambda: False
    prune: Callable[[int], Halt | None] = lambda _epoch: None
    late: Callable[[], bool] = lambda: False
    moved: Callable[[], None] = _nothing
