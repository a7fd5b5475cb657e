"""What a search shows: its space, each trial and the best so far while it runs, and what it found."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.commands.display import terminal
from bench.commands.display.sweep_progress import Display, Plain
from bench.records.runs import PlannedRun
from bench.report.board.layout import short_name
from bench.report.terminal.console import command_line_text, plain_table
from bench.spec import Metric
from bench.train.hooks import PrunedError
from bench.train.run import Outcome
from bench.tune.result import ENOUGH, settings_text
from bench.tune.session import TuneObserver
from bench.tune.space import Space
from bench.tune.trials import Tried
from bench.tune.watching import TuneWatcher
from bench.units import show

_BAR = 30


class _Lines(TuneWatcher):
    """A line for every trial that ends. Test is shown nowhere: who watches a search would choose by it."""

    console: Console
    metric: Metric

    def told(self, trial: Tried, best: Tried | None) -> None:
        """Print how a trial ended, and the best so far."""
        what = value_text(trial.value, self.metric) if trial.value is not None else trial.end
        so_far = f"best {value_text(best.value, self.metric)} (trial {best.number})" if best else "none done yet"
        line = f"trial {trial.number:<4} {what:<12} {so_far}  {trial_text(trial.settings)}"
        style = "green" if best and best.number == trial.number else "dim" if trial.value is None else ""
        self.console.print(Text(f"{line}  {trial.reason}".rstrip(), style=style))


class TunePlain(_Lines, Plain):
    """For logs."""

    def __init__(self, console: Console, metric: Metric) -> None:
        super().__init__(console, [])
        self.metric = metric

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Print what failed; that a trial was pruned is told with it."""
        if isinstance(error, PrunedError):
            self.lost(run)
        else:
            super().ended(run, status, error)

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:  # noqa: ARG002 - it holds what test measured
        """Forget a finished run: its trial is printed next."""
        self.lost(run)


class TuneDisplay(_Lines, Display):
    """For a terminal: what runs now, and the best so far; trials that ended scroll above."""

    def __init__(self, console: Console, metric: Metric) -> None:
        super().__init__(console, [])
        self.metric, self.now = metric, ""
        self.so_far = ""

    def trial(self, number: int, of: int) -> None:
        """Show a trial's number."""
        self.now = f"trial {number} of {of}{self.so_far}"

    def told(self, trial: Tried, best: Tried | None) -> None:
        """Print how a trial ended, and keep the best."""
        super().told(trial, best)
        self.so_far = f", best {value_text(best.value, self.metric)}" if best else ""

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:  # noqa: ARG002 - it holds what test measured
        """Let a finished run scroll away; the trial is told next."""
        self._past(run)

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Let a run that ended scroll away; print what failed."""
        if isinstance(error, PrunedError):
            self._past(run)
        else:
            super().ended(run, status, error)

    def _name(self, runs: Sequence[PlannedRun]) -> str:
        spec = runs[0].spec  # what it tries is told when it ends: here it would take several lines
        name = f"{short_name(spec.backbone.name)} {spec.strategy}"
        return name if len(runs) == 1 else super()._name(runs)

    def _place(self) -> str:
        return self.now

    def _left(self, runs: Sequence[PlannedRun]) -> str:  # noqa: ARG002 - what comes next is not known yet
        return f"{show(time.monotonic() - self.begun, 'seconds')} gone"


class ConsoleTuneObserver(TuneObserver):
    """Prints the space to stderr, then shows trials at work."""

    def __init__(self) -> None:
        self.console = terminal.err()

    def begins(self, space: Space, trials: int, notes: Sequence[str]) -> None:
        """Print the space and the notes of the plan."""
        self.console.print(space_view(space, trials))
        for note in notes:
            self.console.print(f"note: {note}", soft_wrap=True, highlight=False)

    def show_space(self, space: Space, trials: int) -> None:
        """Print the space to stdout."""
        terminal.out().print(space_view(space, trials))

    def watching(self, metric: Metric) -> TuneDisplay | TunePlain:
        """Show trials at work."""
        return TuneDisplay(self.console, metric) if self.console.is_terminal else TunePlain(self.console, metric)


def space_view(space: Space, trials: int) -> RenderableType:
    """Show what is searched."""
    table = plain_table(["parameter", "searched"])
    for name, domain in space.described.items():
        table.add_row(Text(name), Text(domain))
    pairs = len(space.backbones) * len(space.strategies)
    notes = [f"{trials} trials of {pairs} backbone x strategy pair{'s' * (pairs != 1)}; validation alone decides."]
    if trials < ENOUGH * pairs and pairs > 1:
        notes.append("That is few for each pair: name fewer with --backbones and --strategies, or raise --trials.")
    return Group(table, Text("\n".join(notes) + "\n", style="dim"))


def result_view(result: Mapping[str, Any]) -> RenderableType:
    """Show the best trial, how to repeat it, and which parameters mattered."""
    best, metric = result["best"], result["metric"]
    if best is None:
        return Text(f"No trial of the study {result['study']} is done yet.")
    head = f"Best of the study {result['study']}: {value_text(best['value'], metric)} (trial {best['number']}, "
    parts: list[RenderableType] = [
        Text(f"{head}run {best['run_id'][:8]})", style="bold"),
        Text(trial_text(best["settings"])),
        Text("\nThe best of many looks better on val than it is. Repeat it with other seeds:", style="dim"),
        command_line_text(best["command"]),
    ]
    return Group(*parts, Text(""), _importances(result["importances"]))


def value_text(value: float | None, metric: Metric) -> str:
    """Write what a trial is worth."""
    if value is None:
        return "-"
    if metric == "val_loss":
        return f"val loss {value:.4f}"
    return f"val {'balanced ' * (metric == 'val_balanced_accuracy')}{100 * value:.1f} %"


def trial_text(settings: Mapping[str, Any]) -> str:
    """Write what a trial tries."""
    names = [short_name(str(settings[key])) for key in ("backbone", "strategy") if key in settings]
    return " ".join([*names, settings_text(settings)])


def _importances(shares: Mapping[str, float]) -> RenderableType:
    if not shares:
        return Text(f"Which parameters matter is said from {ENOUGH} finished trials on.", style="dim")
    table = Table.grid(padding=(0, 2))
    for name, share in shares.items():
        table.add_row(Text(name), Text(f"{100 * share:.0f} %", justify="right"), Text("▇" * round(_BAR * share)))
    return Group(Text("Share of the variance that each parameter explains (fANOVA):", style="dim"), table)
