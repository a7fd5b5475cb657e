"""The steps of `bench sweep`, from what was asked to an exit code."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import terminal
from bench.command_line import command_line
from bench.commands import options as o
from bench.commands.backend import backend_asked, foreseen, settled, usable
from bench.commands.interrupts import Interrupts
from bench.commands.planning import Counting, forecast_for, speed_of
from bench.commands.sweep_display import Display, Plain
from bench.data.datasets import Dataset, known_header, open_dataset
from bench.data.manifest import ManifestHeader
from bench.device import deterministic, pick, precision_for
from bench.entries import DatasetEntry
from bench.errors import INTERRUPTED, SOME_RUNS_FAILED, BenchError
from bench.plan.enumerate import Plan
from bench.plan.forecast import Forecast, total
from bench.records import PlannedRun, SweepRecord
from bench.report.plan_list import forecast_text, plan_view
from bench.request import Asked, dataset_spec, plan_for, request_record
from bench.settling import Tally
from bench.store.store import Store
from bench.sweep import Sweep, deadline
from bench.train.provenance import provenance
from bench.train.workbench import Workbench

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Options:
    """The options of `bench sweep`, as typed."""

    dataset: str
    asked: Asked
    limit: int | None
    time_limit: str | None
    prune: bool
    dry_run: bool
    keep: bool | None
    workers: int | None
    db: str | None
    registry: list[Path]
    data_root: Path | None
    download: bool
    device: str
    cache_budget: str
    backend: str


def run_sweep(options: Options) -> int:
    """Sweep, and return the exit code."""
    limit_s, cache_bytes = parse_duration(options.time_limit), parse_bytes(options.cache_budget)
    device, backend = pick(options.device), backend_asked(options.backend)
    usable(backend, device)
    deterministic()
    registry = o.open_registry(options.registry)
    entry = o.find_dataset(registry, options.dataset, options.asked.groups)
    if not options.dry_run:
        Store.open(options.db).close()  # a database that cannot be used is said before anything is fetched
    dataset = None if options.dry_run else open_for_training(entry, options.data_root, download=options.download)
    header = known_header(entry, options.data_root)
    with Counting(terminal.err()) as counting:
        data = dataset_spec(entry, options.asked.target, header, options.asked.subset)
        plan = plan_for(registry, entry, data, options.asked, counting)
    if dataset is None:
        return _show(plan, entry, header, options)
    with Store.open(options.db) as store:
        speed = speed_of(options.device, store)
        runs = forecast_for(plan, entry, header, speed, keeps=cache_bytes > 0)[0][: options.limit]
        if cache_bytes:  # else nothing is kept, and it does not matter what would compute it
            images = header.counts if header else entry.counts
            runs = settled(runs, backend, images, speed.machine, device, terminal.err())
        forecast = total(still_to_do(runs, store), provenance(device).hardware)
        store.plan(_record(plan, runs, options), runs)
        bench = Workbench(device, dataset, workers=options.workers, cache_bytes=cache_bytes)
        with Interrupts() as interrupts, display_of(runs, forecast) as display:
            stop = either(interrupts.wanted, deadline(limit_s))
            _say_precision(display.note, device, plan)
            sweep = Sweep(
                store,
                runs,
                bench,
                provenance(device),
                display,
                stop,
                keep_weights=options.keep,
                prune=options.prune,
            )
            tally = sweep.work()
    return ended(tally, len(runs), str(store.location))


def _record(plan: Plan, runs: list[PlannedRun], options: Options) -> SweepRecord:
    request = request_record(plan, options.asked, limit=options.limit, prune=options.prune)
    ids = tuple(run.spec.run_id for run in runs)
    dataset, budget = plan.request.dataset.name, str(plan.request.budget)
    return SweepRecord(command_line(), dataset, budget, ids, plan.rejected, request)


def still_to_do(runs: list[PlannedRun], store: Store) -> list[PlannedRun]:
    """Leave out the runs that a sweep will not work on."""
    known = store.statuses(run.spec.run_id for run in runs)
    return [run for run in runs if known.get(run.spec.run_id) not in ("done", "diverged")]


def parse_duration(text: str | None) -> float | None:
    """Read 90s, 30m, 2h or 1h30m as seconds."""
    if text is None:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(n + u for n, u in parts) != text.strip():
        raise BenchError(
            f"Cannot read the time {text!r}.", "It has no unit, or an unknown one.", "Write 90s, 30m or 2h."
        )
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def parse_bytes(text: str) -> int:
    """Read 20GB, 500MB or a number of bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if not found:
        raise BenchError(f"Cannot read the size {text!r}.", "It is no number of bytes.", "Write 20GB or 500MB.")
    return int(float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " "))


def open_for_training(entry: DatasetEntry, data_root: Path | None, *, download: bool) -> Dataset:
    """Open a dataset, with a bar while it is read or fetched."""
    console = terminal.err()
    with Counting(console, f"Reading {entry.name}") as progress:
        return open_dataset(
            entry,
            data_root=data_root,
            download=download,
            progress=lambda what, done, total: progress(done, total, what),
        )


def _show(plan: Plan, entry: DatasetEntry, header: ManifestHeader | None, options: Options) -> int:
    runs, forecast = foreseen(plan, entry, header, options.device, backend_asked(options.backend))
    terminal.out().print(plan_view(plan, runs, forecast, rejected=False, limit=0))
    return 0


def display_of(runs: list[PlannedRun], forecast: Forecast) -> Display | Plain:
    """Say the forecast, and make what shows runs at work."""
    console = terminal.err()
    console.print(forecast_text(forecast))
    return Display(console, runs) if console.is_terminal else Plain(console, runs)


def _say_precision(note: Callable[[str], None], device: object, plan: Plan) -> None:
    for asked in {str(v.overrides.get("precision", v.entry.recipe.precision)) for v in plan.request.variants}:
        _, message = precision_for(device, asked)  # type: ignore[arg-type]
        if message:
            note(message)


def either(*stops: Callable[[], bool]) -> Callable[[], bool]:
    """Make a `stop` that says so once one of several does."""
    return lambda: any(stop() for stop in stops)


def ended(tally: Tally, planned: int, where: str) -> int:
    """Say on stderr how a sweep ended, and return its exit code."""
    parts = {
        "done": len(tally.done),
        "done before": len(tally.skipped),
        "failed": len(tally.failed),
        "diverged": len(tally.diverged),
        "diverged before": len(tally.diverged_before),
        "pruned": len(tally.pruned),
        "pruned before": len(tally.pruned_before),
        "running elsewhere": len(tally.elsewhere),
    }
    said = ", ".join(f"{count} {word}" for word, count in parts.items() if count) or "nothing to do"
    left = planned - sum(parts.values())
    more = f", {left} left: the same command goes on" if left else ""
    print(f"{planned} run{'s' * (planned != 1)}: {said}{more}. Database: {where}", file=sys.stderr)
    if tally.stopped and left:
        return INTERRUPTED
    return SOME_RUNS_FAILED if tally.failed or tally.diverged or tally.diverged_before else 0
