"""The steps of `bench reproduce`, from what was asked to an exit code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import torch

from bench.commands import options as o
from bench.commands.backend import backend_asked, settled, usable
from bench.commands.display import terminal
from bench.commands.display.study_tables import show_plan, show_tables
from bench.commands.interrupts import Interrupts
from bench.commands.limits import parse_bytes, parse_duration, parse_retry
from bench.commands.planning import Counting, kept_before, speed_of
from bench.commands.study_parts import Makers
from bench.commands.study_plan import Named, Planned
from bench.commands.study_search import Searching, foreseen
from bench.commands.training import (
    display_of,
    ended,
    open_for_training,
    still_to_do,
)
from bench.data.datasets import Dataset, known_header
from bench.environment import command_line
from bench.errors import DataError, WeightsError
from bench.hardware.device import deterministic, pick
from bench.models.weights import fetch
from bench.plan.backends import with_backend
from bench.plan.forecast import total, with_forecast
from bench.plan.request import kept_as
from bench.plan.variants import told_text
from bench.records.runs import SweepRecord
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.registry.studies import StudyEntry, StudyRunEntry
from bench.report.study.records import attempted, study_record
from bench.spec import BackendName
from bench.store.store import Store
from bench.studies.changes import Changes, changes_of
from bench.studies.planning import Place, chosen, plan_run
from bench.studies.searching import StudySearch, study_search
from bench.sweep.stopping import Stop
from bench.sweep.work import Sweep
from bench.train.provenance import provenance
from bench.train.workbench import Workbench


@dataclass(frozen=True)
class Options:
    """The options of `bench reproduce`, as typed."""

    study: str
    runs: list[str]
    changes: Changes
    seeds: int
    dry_run: bool
    time_limit: str | None
    keep: bool | None
    workers: int | None
    cache_budget: str
    cache_dtype: str
    backend: str
    db: str | None
    registry: list[Path]
    data_root: Path | None
    download: bool
    device: str
    form: str
    layout: str | None = None
    lists: list[str] = field(default_factory=list)
    retry: str = "failed"


def run_study(options: Options) -> int:
    """Run a study, and return the exit code."""
    registry = o.open_registry(options.registry)
    study = registry.get(StudyEntry, options.study)
    changes = changes_of(study, options.changes)
    entries = chosen(study, options.runs)
    parse_bytes(options.cache_budget)  # what cannot be read is said before anything is done
    search = _search_of(registry, study, entries, changes)
    parse_duration(options.time_limit), parse_retry(options.retry)
    device, backend = pick(options.device), backend_asked(options.backend)
    usable(backend, device)
    deterministic()
    own = registry.get(DatasetEntry, study.dataset)
    taken = own
    if changes.dataset:
        taken = o.find_dataset(registry, changes.dataset, layout=options.layout, lists=options.lists)
    place = Place(own, changes.without_faults(taken))
    if options.dry_run:
        planned = _plan(registry, study, entries, changes, place, options)
        if _keeps(options):
            planned = planned.changed(lambda runs: with_backend(runs, lambda _: backend))
        _show(replace(planned, search=search), device, options)
        return 0
    Store.open(options.db).close()  # a database that cannot be used is said before anything is fetched
    with _or_stand_in(study):
        dataset = open_for_training(place.taken, options.data_root, download=options.download)
    if not (dataset.manifest.check and len(dataset.manifest.check.left_out)):
        changes = replace(changes, left_out=())  # nothing had to be left out: it is the dataset itself
    planned = replace(_plan(registry, study, entries, changes, place, options), search=search)
    return _train(planned, dataset, device, backend, options)


def _search_of(
    registry: Registry, study: StudyEntry, entries: Sequence[StudyRunEntry], changes: Changes
) -> StudySearch | None:
    """Return the study's search, where its run is among those that were chosen and something is left to search."""
    if study.search is None or study.search.run not in {entry.name for entry in entries}:
        return None
    if len(changes.variants()) > 1:
        terminal.err().print(f"note: No search of {study.search.run}: it has one setting, --set gives several.")
        return None
    search = study_search(registry, study, changes)
    if search is None:
        terminal.err().print(f"note: No search of {study.search.run}: --set sets every key that it varies.")
    return search


def _plan(
    registry: Registry,
    study: StudyEntry,
    entries: Sequence[StudyRunEntry],
    changes: Changes,
    place: Place,
    options: Options,
) -> Planned:
    """Plan every run, in the study's order, with what each will take."""
    place = replace(place, header=known_header(place.taken, options.data_root))
    named: list[Named] = []
    speed = speed_of(options.device)
    remarks: dict[str, None] = {}
    with Counting(terminal.err()) as progress:
        for entry, variant in product(entries, changes.variants()):
            plan = plan_run(
                registry, study, entry, changes, place, variant=variant, seeds=options.seeds,
                kept=kept_as(options.cache_dtype), progress=progress,
            )  # fmt: skip
            runs = plan.runs(speed.machine.precision_for)
            named += [Named(entry, told_text(variant), run) for run in runs]
            remarks |= dict.fromkeys(plan.remarks)
    _say(remarks)
    planned = Planned(registry, study, changes, place, tuple(named))
    is_kept = kept_before(speed.machine.device)
    return planned.changed(lambda runs: with_forecast(runs, place.images, speed, is_kept=is_kept))


def _show(planned: Planned, device: torch.device, options: Options) -> None:
    """Show a plan and its forecast."""
    forecast = total([one.run for one in planned.named], provenance(device).hardware)
    rows = [(one.name, one.run) for one in planned.named]
    show_plan(planned.study, rows, planned.changes, forecast, json=options.form == "json")
    _say(planned.shared())
    if planned.search:
        run = next(one.run for one in planned.named if one.entry.name == planned.search.run.name)
        terminal.err().print(foreseen(planned.search, run))


def _keeps(options: Options) -> bool:
    """Return whether caching is enabled; if it is not, the backend does not matter."""
    return parse_bytes(options.cache_budget) > 0


def _say(notes: Iterable[str]) -> None:
    for note in notes:
        terminal.err().print(f"note: {note}", highlight=False)


def _train(
    planned: Planned, dataset: Dataset, device: torch.device, backend: BackendName, options: Options
) -> int:
    """Train what is not done yet, then show the table of what is stored."""
    with Store.open(options.db) as store:
        speed = speed_of(options.device, store)
        images, console = planned.place.images, terminal.err()
        if _keeps(options):
            planned = planned.changed(lambda runs: settled(runs, backend, images, speed.machine, device, console))
        _say(planned.shared())
        runs = list(planned.unique.values())
        left = still_to_do(runs, store, parse_retry(options.retry))
        with _or_stand_in(planned.study):
            for backbone in {run.spec.backbone for run in left if run.spec.backbone.weights.source != "none"}:
                fetch(backbone)
        store.plan(_record(planned, options), runs)
        kept_bytes, stop_at = parse_bytes(options.cache_budget), parse_duration(options.time_limit)
        workbench = Workbench(device, dataset, workers=options.workers, cache_bytes=kept_bytes)
        with Interrupts() as interrupts:
            stop = Stop(interrupts.wanted, stop_at)
            made = provenance(device)
            with display_of(runs, total(left, made.hardware)) as display:
                sweep = Sweep(
                    store,
                    runs,
                    workbench,
                    made,
                    display,
                    stop,
                    keep_weights=options.keep,
                    retry=parse_retry(options.retry),
                )
                tally = sweep.work()
            code = ended(tally, len(runs), str(store.location), interrupts.exit_code)
            if planned.search:
                cached = planned.search.run.cache
                searching = Searching(
                    planned.search, planned.changes, planned.place, store, workbench, speed,
                    kept_as(options.cache_dtype) if cached else "fp32",
                    backend if cached and _keeps(options) else "eager", stop, parse_retry(options.retry),
                )  # fmt: skip
                code = max(code, searching.work(interrupts))
        makers = Makers(store, planned.registry, options.data_root, device)
        for one in attempted(store, planned.study, planned.changes.as_data()):
            makers.make(one)
        show_tables(planned.study, attempted(store, planned.study, planned.changes.as_data()), options.form)
    return code


def _record(planned: Planned, options: Options) -> SweepRecord:
    study, data = planned.study, planned.named[0].run.spec.dataset
    request = {
        "study": study_record(study.name, planned.changes.as_data(), planned.ids),
        "seeds": options.seeds,
    }
    return SweepRecord(command_line(), data.name, study.budget, tuple(planned.unique), request=request)


@contextmanager
def _or_stand_in(study: StudyEntry) -> Iterator[None]:
    """Add to what is missing that nothing was trained, and how the study runs without it."""
    try:
        yield
    except (DataError, WeightsError) as error:
        hint = f"Nothing was trained. On a stand-in: bench reproduce {study.name} --on DATASET --backbone NAME"
        todo = re.sub(r"--backbones (\S+)@file:PATH", lambda named: _from_file(named[1], study), error.todo)
        raise type(error)(error.what, error.why, f"{todo}\n{hint}".strip()) from error


def _from_file(name: str, study: StudyEntry) -> str:
    """Write the option that takes weights from a file; for a backbone of the study's, for that one only."""
    own = f"{name}=" if name in {run.backbone for run in study.run} else ""
    return f"--backbone {own}{name}@file:PATH"
