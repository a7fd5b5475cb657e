"""Who watches a sweep at work."""

from __future__ import annotations

from dataclasses import dataclass

from bench.records.runs import EpochRecord, PlannedRun
from bench.train.run import Outcome


@dataclass
class Watcher:
    """Who watches a sweep: every method may be overridden, none has to be.

    Several runs may begin before the first of them ends: they train together.
    """

    def started(self, run: PlannedRun, attempt: int) -> None:
        """Hear that a run begins."""

    def epoch(self, run: PlannedRun, record: EpochRecord) -> None:
        """Hear that an epoch ended."""

    def step(self, done: int, total: int) -> None:
        """Hear that an optimizer step ended."""

    def features(self, done: int, total: int) -> None:
        """Hear how far a frozen pass is."""

    def note(self, message: str) -> None:
        """Hear what is worth saying."""

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Hear that a run is done."""

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Hear that a run failed, diverged, was pruned or interrupted."""

    def lost(self, run: PlannedRun) -> None:
        """Hear that another process has taken a run over."""
