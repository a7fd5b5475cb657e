"""Observers of a session and of its runs: what a command or a notebook shows while work goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from bench.records.runs import EpochRecord, PlannedRun
from bench.train.run import Outcome

if TYPE_CHECKING:
    from bench.data.datasets import Dataset
    from bench.plan.forecast import Forecast

Count = Callable[[int, int | None, str], None]
"""Called with how many of how many items are done, and what is being worked on."""


class Watcher:
    """Callbacks of the runs of a sweep; every method may be overridden, none has to be.

    Several runs may start before the first of them ends: they train together.
    """

    def started(self, run: PlannedRun, attempt: int) -> None:
        """Handle the start of a run."""

    def epoch(self, run: PlannedRun, record: EpochRecord) -> None:
        """Handle the end of an epoch."""

    def step(self, done: int, total: int) -> None:
        """Handle the end of an optimizer step."""

    def features(self, done: int, total: int) -> None:
        """Handle progress of a frozen pass, in images."""

    def note(self, message: str) -> None:
        """Handle a message for the user."""

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Handle a run that is done."""

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Handle a run that failed, diverged, was pruned or interrupted."""

    def lost(self, run: PlannedRun) -> None:
        """Handle a run that another process has taken over."""


class Observer:
    """Callbacks of a session; every method may be overridden, none has to be."""

    def message(self, text: str) -> None:
        """Handle a message: something was decided."""

    def note(self, text: str) -> None:
        """Handle a note: something deserves attention, and is no error."""

    def opened(self, dataset: Dataset) -> None:
        """Handle a dataset that was opened and can be trained on."""

    def counting(self, label: str = "Counting models") -> AbstractContextManager[Count]:  # noqa: ARG002
        """Return a context of work on many items, which gives a function to call with its progress."""
        return nullcontext(lambda _done, _total, _name: None)

    def status(self, label: str) -> AbstractContextManager[object]:  # noqa: ARG002
        """Return a context of work of unknown length."""
        return nullcontext()

    def watching(self, runs: Sequence[PlannedRun], forecast: Forecast) -> AbstractContextManager[Watcher]:  # noqa: ARG002
        """Return a context of training, which gives the callbacks of its runs."""
        return nullcontext(Watcher())

    def interruptible(self) -> AbstractContextManager[Callable[[], bool]]:
        """Return a context manager that gives a function which is true once the user wants to stop."""
        return nullcontext(lambda: False)
