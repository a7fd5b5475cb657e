"""The steps of `bench sweep`, from what was asked to an exit code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.commands import options as o
from bench.commands.backend import backend_asked, foreseen, settled, usable
from bench.commands.display import terminal
from bench.commands.interrupts import Interrupts
from bench.commands.limits import parse_bytes, parse_duration, parse_retry
from bench.commands.planning import Counting, forecast_for, speed_of, with_weights_at_hand
from bench.commands.training import (
    display_of,
    ended,
    open_for_training,
    still_to_do,
)
from bench.data.datasets import is_here, known_header
from bench.data.manifest import ManifestHeader
from bench.environment import command_line
from bench.hardware.device import deterministic, pick, precision_for
from bench.plan.enumerate import Plan
from bench.plan.forecast import total
from bench.plan.request import Asked, dataset_spec, plan_for, request_record
from bench.records.runs import PlannedRun, SweepRecord
from bench.registry.entries import DatasetEntry
from bench.report.terminal.plan_list import plan_view
from bench.store.store import Store
from bench.sweep.stopping import Stop
from bench.sweep.work import Sweep
from bench.train.provenance import provenance
from bench.train.workbench import Workbench


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
    retry: str = "failed"


def run_sweep(options: Options) -> int:
    """Sweep, and return the exit code."""
    limit_s, cache_bytes = parse_duration(options.time_limit), parse_bytes(options.cache_budget)
    retry = parse_retry(options.retry)
    device, backend = pick(options.device), backend_asked(options.backend)
    usable(backend, device)
    deterministic()
    registry = o.open_registry(options.registry)
    asked = options.asked
    found = o.find_dataset(registry, options.dataset, asked.groups, layout=asked.layout, lists=asked.lists)
    entry = asked.without_faults(found)
    if not options.dry_run:
        Store.open(options.db).close()  # a database that cannot be used is said before anything is fetched
    dataset = None if options.dry_run else open_for_training(entry, options.data_root, download=options.download)
    header = known_header(entry, options.data_root)
    with Counting(terminal.err()) as counting:
        data = dataset_spec(entry, options.asked.target, header, options.asked.subset)
        plan = plan_for(registry, entry, data, options.asked, counting, header=header)
    if dataset is None:
        return _show(plan, entry, header, options)
    plan = with_weights_at_hand(plan, partial(plan_for, registry, entry, data, options.asked, header=header))
    with Store.open(options.db) as store:
        speed = speed_of(options.device, store)
        runs = forecast_for(plan, entry, header, speed, keeps=cache_bytes > 0)[0][: options.limit]
        if cache_bytes:  # else nothing is kept, and it does not matter what would compute it
            images = header.counts if header else entry.counts
            runs = settled(runs, backend, images, speed.machine, device, terminal.err())
        forecast = total(still_to_do(runs, store, retry), provenance(device).hardware)
        store.plan(_record(plan, runs, options), runs)
        workbench = Workbench(device, dataset, workers=options.workers, cache_bytes=cache_bytes)
        with Interrupts() as interrupts, display_of(runs, forecast) as display:
            stop = Stop(interrupts.wanted, limit_s)
            _note_what_was_decided(display.note, device, plan)
            sweep = Sweep(
                store,
                runs,
                workbench,
                provenance(device),
                display,
                stop,
                keep_weights=options.keep,
                prune=options.prune,
                retry=retry,
            )
            tally = sweep.work()
    return ended(tally, len(runs), str(store.location), interrupts.exit_code)


def _record(plan: Plan, runs: list[PlannedRun], options: Options) -> SweepRecord:
    request = request_record(plan, options.asked, limit=options.limit, prune=options.prune)
    ids = tuple(run.spec.run_id for run in runs)
    dataset, budget = plan.request.dataset.name, str(plan.request.budget)
    return SweepRecord(command_line(), dataset, budget, ids, plan.rejected, request)


def _show(plan: Plan, entry: DatasetEntry, header: ManifestHeader | None, options: Options) -> int:
    runs, forecast = foreseen(plan, entry, header, options.device, backend_asked(options.backend))
    here = is_here(entry, options.data_root)
    terminal.out().print(plan_view(plan, runs, forecast, rejected=False, limit=0, here=here))
    return 0


def _note_what_was_decided(note: Callable[[str], None], device: object, plan: Plan) -> None:
    for remark in plan.remarks:
        note(remark)
    for asked in {str(v.overrides.get("precision", v.entry.recipe.precision)) for v in plan.request.variants}:
        _, message = precision_for(device, asked)  # type: ignore[arg-type]
        if message:
            note(message)
