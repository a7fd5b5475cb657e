"""What a sweep shows while it runs: a live display on a terminal, a line per finished run elsewhere; on stderr."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.records import EpochRecord, PlannedRun
from bench.report.layout import short_name
from bench.report.units import show
from bench.train.hooks import PrunedError
from bench.train.run import Outcome
from bench.watching import Watcher


class Plain(Watcher):
    """A line for every run that ends: for logs."""

    def __init__(self, console: Console, runs: Sequence[PlannedRun]) -> None:
        self.console, self.runs = console, runs
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def note(self, message: str) -> None:
        """Print a message."""
        self.console.print(Text(f"note: {message}", style="yellow"))

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Print a finished run."""
        self.count += 1
        self.console.print(Text(f"done      {describe(run)}  {_scores(outcome)}"))

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Print a run that did not finish, and why."""
        self.count += 1
        if isinstance(error, PrunedError):
            why = f"{error.what.removeprefix('Pruned ').rstrip('.')}: {error.why}"
            self.console.print(Text(f"pruned    {describe(run)}  {why}", style="dim"))
            return
        self.console.print(
            Text(f"{status:<9} {describe(run)}", style="bold red" if status == "failed" else "yellow")
        )
        self.console.print(Text(_indented(error), style="dim"))


class Display(Plain):
    """What runs now, its epoch, loss and accuracy, and how long the sweep takes; finished runs scroll above."""

    def __init__(self, console: Console, runs: Sequence[PlannedRun]) -> None:
        super().__init__(console, runs)
        self.run: PlannedRun | None = None
        self.record: EpochRecord | None = None
        self.fraction, self.doing = 0.0, ""
        self.begun, self.forecast_done = time.monotonic(), 0.0
        self._live = Live(console=console, refresh_per_second=4, transient=True, get_renderable=self._render)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def started(self, run: PlannedRun, attempt: int) -> None:
        """Show the run that begins."""
        self.run, self.record, self.fraction = run, None, 0.0
        self.doing = "resuming" if attempt > 1 else "starting"

    def epoch(self, run: PlannedRun, record: EpochRecord) -> None:
        """Show an epoch's numbers."""
        self.record, self.fraction = record, record.epoch / run.spec.recipe.epochs
        self.doing = f"epoch {record.epoch} of at most {run.spec.recipe.epochs}"

    def step(self, done: int, total: int) -> None:
        """Move the bar inside an epoch."""
        if self.run is not None:
            before = self.record.epoch if self.record else 0
            self.fraction = (before + done / total) / self.run.spec.recipe.epochs

    def features(self, done: int, total: int) -> None:
        """Move the bar during a frozen pass."""
        self.fraction, self.doing = done / total, f"frozen pass, image {done:,} of {total:,}"

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Let a finished run scroll away."""
        super().finished(run, outcome)
        self._past(run)

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Let a run that ended scroll away."""
        super().ended(run, status, error)
        self._past(run)

    def _past(self, run: PlannedRun) -> None:
        self.forecast_done += run.forecast_s
        self.run, self.record = None, None

    def _render(self) -> RenderableType:
        if self.run is None:
            return Text("")
        line = Table.grid(padding=(0, 2))
        line.add_row(
            Text(f"{self.count + 1}/{len(self.runs)}", style="bold"),
            Text(describe(self.run), style="bold"),
            Text(self.doing),
            Text(_epoch_text(self.record), style="dim"),
        )
        bar = Table.grid(padding=(0, 2))
        bar.add_row(ProgressBar(total=1.0, completed=self.fraction, width=40), Text(self._left(), style="dim"))
        return Group(line, bar)

    def _left(self) -> str:
        """Say how long the rest will take: the forecast, corrected by how it has done so far."""
        total = sum(run.forecast_s for run in self.runs)
        done = self.forecast_done + (self.run.forecast_s * self.fraction if self.run else 0.0)
        spent = time.monotonic() - self.begun
        trusted = done > 0.02 * total and spent > 5  # noqa: PLR2004 - before that the forecast knows better
        left = (total - done) * (spent / done if trusted else 1.0)
        return f"{show(spent, 'seconds')} gone, about {show(max(left, 0.0), 'seconds')} left for the sweep"


def describe(run: PlannedRun) -> str:
    """Name a run in one line."""
    return f"{short_name(run.spec.backbone.name)} {run.spec.strategy} seed {run.spec.seed}"


def _scores(outcome: Outcome) -> str:
    result = outcome.result
    accuracy = f"val {100 * result.val.top1:.1f} %  test {100 * result.test.top1:.1f} %"
    return f"{accuracy}  epoch {result.best_epoch}/{result.epochs}  {show(result.standalone_s, 'seconds')}"


def _epoch_text(record: EpochRecord | None) -> str:
    if record is None:
        return ""
    return (
        f"loss {record.train_loss:.3f}  train {100 * record.train_top1:.1f} %  val {100 * record.val.top1:.1f} %"
    )


def _indented(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return "\n".join(f"          {line}" for line in text.splitlines())
