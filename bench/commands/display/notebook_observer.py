"""Shows in a notebook, or a plain Python session, what a session does: progress bars of tqdm."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Self

from tqdm.auto import tqdm

from bench.commands.interrupts import Interrupts
from bench.plan.forecast import Forecast
from bench.records.runs import EpochRecord, PlannedRun
from bench.report.board.layout import short_name
from bench.report.terminal.plan_list import forecast_text
from bench.spec import Metric
from bench.sweep.watching import Count, Observer, Watcher
from bench.train.run import Outcome
from bench.tune.session import TuneObserver
from bench.tune.space import Space
from bench.tune.trials import Tried
from bench.tune.watching import TuneWatcher


def _write(text: str) -> None:
    tqdm.write(text, file=sys.stderr)


class BarWatcher(TuneWatcher):
    """Moves a bar by one for each run that ends; its text is what is being worked on."""

    def __init__(self, total: int | None, label: str) -> None:
        self._bar = tqdm(total=total, desc=label, unit="run")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def epoch(self, run: PlannedRun, record: EpochRecord) -> None:
        """Show the epoch and its validation accuracy."""
        name = f"{short_name(run.spec.backbone.name)} {run.spec.strategy}"
        self._show(f"{name}, epoch {record.epoch}, val {100 * record.val.top1:.1f} %")

    def features(self, done: int, total: int) -> None:
        """Show how far a frozen pass is."""
        self._show(f"frozen pass, image {done:,} of {total:,}")

    def note(self, message: str) -> None:
        """Write a note above the bar."""
        _write(f"note: {message}")

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:  # noqa: ARG002 - the callback's
        """Count a run that is done."""
        self._bar.update()

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Count a run that ended without a result, and say why if it failed."""
        self._bar.update()
        if status in ("failed", "diverged"):
            _write(f"{status}: {short_name(run.spec.backbone.name)} {run.spec.strategy}: {error}")

    def lost(self, run: PlannedRun) -> None:  # noqa: ARG002 - the callback's
        """Count a run that another process took over."""
        self._bar.update()

    def _show(self, text: str) -> None:
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(0)  # draws ten times a second at most

    def told(self, trial: Tried, best: Tried | None) -> None:
        """Show the best trial so far."""
        if best is not None:
            self._bar.set_description_str(f"{trial.number + 1} trials, best is trial {best.number}")


class NotebookObserver(Observer):
    """Shows bars and notes; an interrupted cell stops where the next call goes on."""

    def message(self, text: str) -> None:
        """Write a message."""
        _write(text)

    def note(self, text: str) -> None:
        """Write a note."""
        _write(f"note: {text}")

    @contextmanager
    def counting(self, label: str = "Counting models") -> Iterator[Count]:
        """Show a bar that is gone once the work is done."""
        with tqdm(desc=label, leave=False, delay=1) as bar:

            def count(done: int, total: int | None, name: str) -> None:
                bar.total = total
                bar.set_postfix_str(name, refresh=False)
                bar.update(done - bar.n)

            yield count

    def watching(self, runs: Sequence[PlannedRun], forecast: Forecast) -> AbstractContextManager[Watcher]:
        """Write the forecast, and show a bar of runs."""
        _write(forecast_text(forecast))
        return BarWatcher(len(runs), "Training")

    @contextmanager
    def interruptible(self) -> Iterator[Callable[[], bool]]:
        """Let the first interrupt of a cell stop at what is resumable; threads cannot be interrupted."""
        if threading.current_thread() is not threading.main_thread():
            yield lambda: False
            return
        with Interrupts() as interrupts:
            yield interrupts.wanted


class NotebookTuneObserver(TuneObserver):
    """Shows a bar of trials."""

    def begins(self, space: Space, trials: int, notes: Sequence[str]) -> None:
        """Write what is searched, and the notes of the plan."""
        _write(f"{trials} trials over {', '.join(space.described)}.")
        for note in notes:
            _write(f"note: {note}")

    def watching(self, metric: Metric) -> AbstractContextManager[TuneWatcher]:  # noqa: ARG002 - the callback's
        """Show a bar of runs."""
        return BarWatcher(None, "Searching")
