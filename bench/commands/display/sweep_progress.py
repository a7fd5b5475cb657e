"""What a sweep shows while it runs: a live display on a terminal, a line per finished run elsewhere; on stderr."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.records.runs import EpochRecord, PlannedRun
from bench.report.board.layout import short_name
from bench.sweep.watching import Watcher
from bench.train.hooks import PrunedError
from bench.train.run import Outcome
from bench.units import show, show_range

PROGRESS_EVERY_S = 30.0
"""In a pipe, something is printed at least twice as often as once a minute."""

TRUSTED_AFTER_S, TRUSTED_SHARE = 5.0, 0.02
"""From when on the speed so far tells what is left: seconds, and the share of the forecast that is done."""


class Plain(Watcher):
    """A line for every run that ends, and one a minute for what is at work in between: for logs and pipes."""

    def __init__(self, console: Console, runs: Sequence[PlannedRun]) -> None:
        self.console, self.runs = console, runs
        self.count = 0
        self.explained: set[str] = set()
        self.at_work: dict[str, PlannedRun] = {}
        self.doing = ""
        self.begun = self.printed = time.monotonic()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._keep_printing, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def print(self, text: Text) -> None:
        """Print a line, and put the next line of progress off."""
        self.printed = time.monotonic()
        self.console.print(text)

    def note(self, message: str) -> None:
        """Print a message."""
        self.print(Text(f"note: {message}", style="yellow"))

    def started(self, run: PlannedRun, attempt: int) -> None:
        """Take note of a run that begins, or of one more that trains together with those that have begun."""
        self.at_work[run.spec.run_id] = run
        self.doing = "resuming" if attempt > 1 else "starting"

    def epoch(self, run: PlannedRun, record: EpochRecord) -> None:
        """Take note of an epoch."""
        self.doing = f"epoch {record.epoch} of at most {run.spec.recipe.epochs}"

    def features(self, done: int, total: int) -> None:
        """Take note of how far a frozen pass is."""
        self.doing = f"frozen pass, image {done:,} of {total:,}"

    def lost(self, run: PlannedRun) -> None:
        """Forget a run that another process has taken over."""
        self.at_work.pop(run.spec.run_id, None)

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Print a finished run."""
        self.count += 1
        self.at_work.pop(run.spec.run_id, None)
        self.print(Text(f"done      {describe(run)}  {_scores(outcome)}"))

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Print a run that did not finish, and why."""
        self.count += 1
        self.at_work.pop(run.spec.run_id, None)
        if isinstance(error, PrunedError):
            why = f"{error.what.removeprefix('Pruned ').rstrip('.')}: {error.why}"
            self.print(Text(f"pruned    {describe(run)}  {why}", style="dim"))
            return
        self.print(Text(f"{status:<9} {describe(run)}", style="bold red" if status == "failed" else "yellow"))
        self.print(Text(self._reason(error), style="dim"))

    def progress_line(self) -> Text:
        """Return what is at work, and since when the sweep is."""
        runs = list(self.at_work.values())
        name = self._name(runs) if runs else "between two runs"
        gone = show(time.monotonic() - self.begun, "seconds")
        place = f"{self.count + 1}/{len(self.runs)}" if self.runs else f"{self.count + 1}"
        return Text(f"working   {place}  {name}  {self.doing}  {gone} gone", style="dim")

    def _keep_printing(self) -> None:
        while not self._over.wait(PROGRESS_EVERY_S / 4):
            if time.monotonic() - self.printed >= PROGRESS_EVERY_S:
                self.print(self.progress_line())

    def _name(self, runs: Sequence[PlannedRun]) -> str:
        return describe(runs[0]) if len(runs) == 1 else _describe_all(runs)

    def _reason(self, error: BaseException) -> str:
        """Say why a run ended: in full the first time, in a line where a run before ended for the same reason."""
        text = _indented(error)
        if text not in self.explained:
            self.explained.add(text)
            return text
        return f"{text.splitlines()[0]} (as above)"


class Display(Plain):
    """What runs now, its epoch, loss and accuracy, and how long the sweep takes; finished runs scroll above.

    Runs that train together are one line: how many, their epoch, the best validation accuracy of any of them.
    """

    def __init__(self, console: Console, runs: Sequence[PlannedRun]) -> None:
        super().__init__(console, runs)
        self.record: EpochRecord | None = None
        self.best, self.within, self.forecast_done = 0.0, 0.0, 0.0
        self.fractions: dict[str, float] = {}
        self._live = Live(console=console, refresh_per_second=4, transient=True, get_renderable=self._render)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def started(self, run: PlannedRun, attempt: int) -> None:
        """Show the run that begins, or one more that trains together with those that have begun."""
        if not self.at_work:
            self.record, self.best, self.fractions = None, 0.0, {}
        self.at_work[run.spec.run_id], self.within = run, 0.0
        self.doing = "resuming" if attempt > 1 else "starting"

    def epoch(self, run: PlannedRun, record: EpochRecord) -> None:
        """Show an epoch's numbers."""
        self.record, self.best, self.within = record, max(self.best, record.val.top1), 0.0
        self.fractions[run.spec.run_id] = record.epoch / run.spec.recipe.epochs
        self.doing = f"epoch {record.epoch} of at most {run.spec.recipe.epochs}"

    def step(self, done: int, total: int) -> None:
        """Move the bar inside an epoch."""
        self.within = done / total / max((run.spec.recipe.epochs for run in self._working()), default=1)

    def features(self, done: int, total: int) -> None:
        """Move the bar during a frozen pass."""
        self.within, self.doing = done / total, f"frozen pass, image {done:,} of {total:,}"

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Let a finished run scroll away."""
        super().finished(run, outcome)
        self._past(run)

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Let a run that ended scroll away."""
        super().ended(run, status, error)
        self._past(run)

    def lost(self, run: PlannedRun) -> None:
        """Show a run no more that another process has taken over."""
        self._past(run)

    def _past(self, run: PlannedRun) -> None:
        self.forecast_done += run.forecast_s
        self.at_work.pop(run.spec.run_id, None)

    def _working(self) -> list[PlannedRun]:
        """List the runs at work; the live display asks from a thread of its own."""
        return list(self.at_work.values())

    def _render(self) -> RenderableType:
        runs = self._working()
        if not runs:
            return Text("")
        line = Table.grid(padding=(0, 2))
        line.add_row(
            Text(self._place(), style="bold"),
            Text(self._name(runs), style="bold"),
            Text(self.doing),
            Text(_epoch_text(self.record) if len(runs) == 1 else _best_text(self.record, self.best), style="dim"),
        )
        done = [self._fraction(run) for run in runs]
        bar = Table.grid(padding=(0, 2))
        bar.add_row(
            ProgressBar(total=1.0, completed=sum(done) / len(done), width=40), Text(self._left(runs), style="dim")
        )
        return Group(line, bar)

    def _place(self) -> str:
        return f"{self.count + 1}/{len(self.runs)}"

    def _fraction(self, run: PlannedRun) -> float:
        return min(1.0, self.fractions.get(run.spec.run_id, 0.0) + self.within)

    def _left(self, runs: Sequence[PlannedRun]) -> str:
        """Return how long the rest will take, a range that narrows: the forecast corrected by the speed so far."""
        total = sum(run.forecast_s for run in self.runs)
        done = self.forecast_done + sum(run.forecast_s * self._fraction(run) for run in runs)
        spent = time.monotonic() - self.begun
        gone = f"{show(spent, 'seconds')} gone"
        if spent < TRUSTED_AFTER_S or done <= TRUSTED_SHARE * total:
            return f"{gone}, estimating what is left for the sweep"
        left, unsure = max(0.0, total - done) * spent / done, 1.5 - 0.4 * min(1.0, done / total)
        return f"{gone}, {show_range(left / unsure, left * unsure)} left for the sweep"


def describe(run: PlannedRun) -> str:
    """Name a run in one line; its recipe where that is not the default one."""
    recipe = "" if run.recipe_name == "default" else f" ({run.recipe_name})"
    return f"{short_name(run.spec.backbone.name)} {run.spec.strategy}{recipe} seed {run.spec.seed}"


def _describe_all(runs: Sequence[PlannedRun]) -> str:
    spec = runs[0].spec
    return f"{short_name(spec.backbone.name)} {spec.strategy}, {len(runs)} heads together"


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


def _best_text(record: EpochRecord | None, best: float) -> str:
    return "" if record is None else f"best val {100 * best:.1f} %"


def _indented(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return "\n".join(f"          {line}" for line in text.splitlines())
