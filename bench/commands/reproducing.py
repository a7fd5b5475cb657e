"""The steps of `bench reproduce`, from what was asked to an exit code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import torch

from bench import terminal
from bench.command_line import command_line
from bench.commands import options as o
from bench.commands.backend import backend_asked, settled, usable
from bench.commands.interrupts import Interrupts
from bench.commands.planning import Counting, speed_of
from bench.commands.study_parts import Makers
from bench.commands.study_search import Searching, foreseen
from bench.commands.study_tables import show_plan, show_tables
from bench.commands.training import (
    display_of,
    either,
    ended,
    open_for_training,
    parse_bytes,
    parse_duration,
    still_to_do,
)
from bench.data.datasets import Dataset, known_header
from bench.device import deterministic, pick
from bench.entries import DatasetEntry
from bench.errors import DataError, WeightsError
from bench.plan.backends import with_backend
from bench.plan.enumerate import Plan
from bench.plan.forecast import total, with_forecast
from bench.records import PlannedRun, SweepRecord
from bench.registry import Registry
from bench.report.study.records import attempted, study_record
from bench.request import kept_as
from bench.settling import Tally
from bench.spec import BackendName
from bench.store.store import Store
from bench.studies.changes import Changes, changes_of
from bench.studies.entries import StudyEntry, StudyRunEntry
from bench.studies.planning import Place, chosen, plan_run
from bench.studies.searching import StudySearch, study_search
from bench.sweep import Sweep, deadline
from bench.train.provenance import provenance
from bench.train.workbench import Workbench
from bench.weights import fetch


@dataclass(frozen=True)
class Options:
    """The options of `bench reproduce`, as typed."""

    study: str
    runs: list[str]
    changes: Changes
    seeds: int
    dry_run: bool
    time_limit: str | None
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


@dataclass(frozen=True)
class Planned:
    """A study's runs as they will be trained: each by its name, with its entry; and its search."""

    registry: Registry
    study: StudyEntry
    changes: Changes
    place: Place
    entries: tuple[StudyRunEntry, ...]
    runs: tuple[PlannedRun, ...]
    search: StudySearch | None = None

    @property
    def ids(self) -> dict[str, list[str]]:
        """The ids of each run, one for each seed."""
        found: dict[str, list[str]] = {}
        for entry, run in zip(self.entries, self.runs, strict=True):
            found.setdefault(entry.name, []).append(run.spec.run_id)
        return found

    @property
    def unique(self) -> dict[str, tuple[StudyRunEntry, PlannedRun]]:
        """The runs by id; of two names for one run, which changes can make of two, the first counts."""
        found: dict[str, tuple[StudyRunEntry, PlannedRun]] = {}
        for entry, run in zip(self.entries, self.runs, strict=True):
            found.setdefault(run.spec.run_id, (entry, run))
        return found


def run_study(options: Options) -> int:
    """Run a study, and return the exit code."""
    registry = o.open_registry(options.registry)
    study = registry.get(StudyEntry, options.study)
    changes = changes_of(study, options.changes)
    entries = chosen(study, options.runs)
    parse_bytes(options.cache_budget)  # what cannot be read is said before anything is done
    search = _search_of(registry, study, entries, changes)
    parse_duration(options.time_limit)
    device, backend = pick(options.device), backend_asked(options.backend)
    usable(backend, device)
    deterministic()
    own = registry.get(DatasetEntry, study.dataset)
    taken = own
    if changes.dataset:
        taken = o.find_dataset(registry, changes.dataset, layout=options.layout, lists=options.lists)
    place = Place(own, taken)
    if options.dry_run:
        planned = replace(_plan(registry, study, entries, changes, place, options), search=search)
        runs = _where_kept(planned, options, lambda some: with_backend(some, lambda _: backend))
        forecast = total(runs, provenance(device).hardware)
        show_plan(study, planned.entries, runs, changes, forecast, json=options.form == "json")
        if planned.search:
            names = [entry.name for entry in planned.entries]
            terminal.err().print(foreseen(planned.search, runs[names.index(planned.search.run.name)]))
        return 0
    Store.open(options.db).close()  # a database that cannot be used is said before anything is fetched
    with _or_stand_in(study):
        dataset = open_for_training(place.taken, options.data_root, download=options.download)
    planned = replace(_plan(registry, study, entries, changes, place, options), search=search)
    return _train(planned, dataset, device, backend, options)


def _search_of(
    registry: Registry, study: StudyEntry, entries: Sequence[StudyRunEntry], changes: Changes
) -> StudySearch | None:
    """Return the study's search, where its run is among those that were chosen and something is left to search."""
    if study.search is None or study.search.run not in {entry.name for entry in entries}:
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
    named: list[tuple[StudyRunEntry, PlannedRun]] = []
    speed = speed_of(options.device)
    kept = kept_as(options.cache_dtype)
    with Counting(terminal.err()) as progress:
        for entry in entries:
            plan: Plan = plan_run(
                registry, study, entry, changes, place, seeds=options.seeds,
                kept=kept if entry.cache else "fp32", progress=progress,
            )  # fmt: skip
            named += [(entry, run) for run in plan.runs(speed.machine.precision_for)]
    runs = with_forecast([run for _, run in named], place.images, speed, lambda at: named[at][0].cache)
    return Planned(registry, study, changes, place, tuple(entry for entry, _ in named), tuple(runs))


def _keeps(entry: StudyRunEntry, options: Options) -> bool:
    """Say whether anything of a run may be kept; else it does not matter what would compute it."""
    return entry.cache and parse_bytes(options.cache_budget) > 0


def _where_kept(
    planned: Planned, options: Options, change: Callable[[list[PlannedRun]], list[PlannedRun]]
) -> list[PlannedRun]:
    """Change the runs of which something may be kept, and leave the others as they are."""
    keeps = [_keeps(entry, options) for entry in planned.entries]
    kept = [run for run, keep in zip(planned.runs, keeps, strict=True) if keep]
    changed = iter(change(kept) if kept else [])
    return [next(changed) if keep else run for run, keep in zip(planned.runs, keeps, strict=True)]


def _train(
    planned: Planned, dataset: Dataset, device: torch.device, backend: BackendName, options: Options
) -> int:
    """Train what is not done yet, then show the table of what is stored."""
    with Store.open(options.db) as store:
        speed = speed_of(options.device, store)
        images, console = planned.place.images, terminal.err()
        runs = _where_kept(
            planned, options, lambda some: settled(some, backend, images, speed.machine, device, console)
        )
        planned = replace(planned, runs=tuple(runs))
        unique = planned.unique
        left = still_to_do([run for _, run in unique.values()], store)
        with _or_stand_in(planned.study):
            for backbone in {run.spec.backbone for run in left if run.spec.backbone.weights.source != "none"}:
                fetch(backbone)
        store.plan(_record(planned, options), [run for _, run in unique.values()])
        bench, stop_at = Workbench(device, dataset, workers=options.workers), parse_duration(options.time_limit)
        with Interrupts() as interrupts:
            stop = either(interrupts.wanted, deadline(stop_at))
            tally = _sweep(planned, left, store, bench, stop, options)
            code = ended(tally, len(unique), str(store.location), interrupts.exit_code)
            if planned.search:
                bench = replace(bench, cache_bytes=parse_bytes(options.cache_budget))
                searched = planned.search.run
                searching = Searching(
                    planned.search, planned.changes, planned.place, store, bench, speed,
                    kept_as(options.cache_dtype) if searched.cache else "fp32",
                    backend if _keeps(searched, options) else "eager", stop,
                )  # fmt: skip
                code = max(code, searching.work(interrupts))
        makers = Makers(store, planned.registry, options.data_root, device)
        for one in attempted(store, planned.study, planned.changes.as_data()):
            makers.make(one)
        show_tables(planned.study, attempted(store, planned.study, planned.changes.as_data()), options.form)
    return code


def _sweep(
    planned: Planned,
    left: Sequence[PlannedRun],
    store: Store,
    bench: Workbench,
    stop: Callable[[], bool],
    options: Options,
) -> Tally:
    """Sweep the runs whose source kept nothing without a cache, then the others with theirs."""
    made, tally = provenance(bench.device), Tally()
    kept_bytes, runs = parse_bytes(options.cache_budget), list(planned.unique.values())
    with display_of([run for _, run in runs], total(left, made.hardware)) as display:
        for cache in (False, True):
            some = [run for entry, run in runs if entry.cache == cache]
            bench = replace(bench, cache_bytes=kept_bytes if cache else 0)
            _add(tally, Sweep(store, some, bench, made, display, stop).work())
    return tally


def _add(tally: Tally, more: Tally) -> None:
    """Add how one sweep went to how others did."""
    for one in fields(Tally):
        mine, theirs = getattr(tally, one.name), getattr(more, one.name)
        setattr(tally, one.name, mine + theirs if isinstance(mine, list) else mine or theirs)


def _record(planned: Planned, options: Options) -> SweepRecord:
    study, data = planned.study, planned.runs[0].spec.dataset
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
