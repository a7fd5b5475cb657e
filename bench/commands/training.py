"""What the commands that train share: limits as typed, the dataset, the display, how it ended."""

from __future__ import annotations

from pathlib import Path

from bench.commands.display import terminal
from bench.commands.display.dataset_check import show_before_training
from bench.commands.display.sweep_progress import Display, Plain
from bench.commands.planning import Counting
from bench.data.checks.findings import refuse_unfit
from bench.data.datasets import Dataset, open_dataset
from bench.disk.home import bench_home
from bench.disk.mounts import CACHE_CONSEQUENCE, warn_of_network
from bench.errors import INTERRUPTED, SOME_RUNS_FAILED
from bench.plan.forecast import Forecast
from bench.records.runs import PlannedRun
from bench.registry.entries import DatasetEntry
from bench.report.terminal.plan_list import forecast_text
from bench.store.claims import ENDED_BADLY, RETRY
from bench.store.store import Store
from bench.sweep.finalize import Tally


def open_for_training(entry: DatasetEntry, data_root: Path | None, *, download: bool) -> Dataset:
    """Open a dataset, with a bar while it is read or fetched, and show once what its check found.

    Raises DataError for what must be mended before anything trains.
    """
    console = terminal.err()
    warn_of_network(bench_home(), "The folder of the caches", CACHE_CONSEQUENCE)
    with Counting(console, f"Reading {entry.name}") as progress:
        dataset = open_dataset(
            entry,
            data_root=data_root,
            download=download,
            progress=lambda what, done, total: progress(done, total, what),
            checked=True,
        )
    refuse_unfit(dataset.manifest, entry)
    show_before_training(dataset)
    return dataset


def still_to_do(runs: list[PlannedRun], store: Store, retry: frozenset[str] = RETRY) -> list[PlannedRun]:
    """Leave out the runs that a sweep will not work on."""
    known, over = store.statuses(run.spec.run_id for run in runs), {"done", *ENDED_BADLY} - retry
    return [run for run in runs if known.get(run.spec.run_id) not in over]


def display_of(runs: list[PlannedRun], forecast: Forecast) -> Display | Plain:
    """Say the forecast, and make what shows runs at work."""
    console = terminal.err()
    console.print(forecast_text(forecast))
    return Display(console, runs) if console.is_terminal else Plain(console, runs)


def ended(tally: Tally, planned: int, where: str, interrupted: int = INTERRUPTED) -> int:
    """Print to stderr how a sweep ended, and return its exit code; `interrupted` if it left something over."""
    parts = {
        "done": len(tally.done),
        "done before": len(tally.skipped),
        "failed": len(tally.failed),
        "failed before": len(tally.failed_before),
        "diverged": len(tally.diverged),
        "diverged before": len(tally.diverged_before),
        "pruned": len(tally.pruned),
        "pruned before": len(tally.pruned_before),
        "done elsewhere": len(tally.done_elsewhere),
        "failed elsewhere": len(tally.failed_elsewhere),
        "running elsewhere": len(tally.elsewhere),
    }
    said = ", ".join(f"{count} {word}" for word, count in parts.items() if count) or "nothing to do"
    left = planned - sum(parts.values())
    more = f", {left} left: the same command goes on" if left else ""
    terminal.say(f"{planned} run{'s' * (planned != 1)}: {said}{more}. Database: {where}")
    if tally.stopped and left:
        return interrupted
    return 0 if tally.went_well else SOME_RUNS_FAILED
