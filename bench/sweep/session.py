"""Session: opens a dataset, plans runs, forecasts their cost and trains them, for sweeps, searches and studies.

Nothing here prints; an `Observer` is shown what happens. Commands and the Python API are both built on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import InitVar, dataclass, field
from functools import partial
from typing import Any

import torch

from bench.data.checks.findings import refuse_unfit
from bench.data.datasets import Dataset, known_header, open_dataset
from bench.data.finding import Source, find_dataset
from bench.disk.home import bench_home
from bench.disk.mounts import CACHE_CONSEQUENCE, warn_of_network
from bench.environment import command_line
from bench.hardware.device import deterministic, pick, precision_for
from bench.hardware.machine import machine
from bench.plan.asked import Asked
from bench.plan.enumerate import BackendFor, Plan
from bench.plan.forecast import Forecast, Speed, total, with_forecast
from bench.plan.request import dataset_spec, plan_for, reachable_plan, request_record
from bench.records.runs import PlannedRun, SweepRecord
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.spec import BackendName, RunSpec
from bench.store.claims import ENDED_BADLY
from bench.store.store import Store
from bench.sweep.backends import known_backends, measured_backends, require_backend
from bench.sweep.finalize import Tally
from bench.sweep.options import TrainOptions
from bench.sweep.stopping import Stop
from bench.sweep.watching import Observer
from bench.sweep.work import Sweep
from bench.train.frozen.cache import FeatureCache
from bench.train.frozen.served import is_kept
from bench.train.provenance import provenance
from bench.train.workbench import Workbench


@dataclass(frozen=True, repr=False)
class Swept:
    """Result of a sweep: the outcome of its runs, how many it planned, and the database."""

    tally: Tally
    planned: int
    location: str

    @property
    def left(self) -> int:
        """How many runs have not ended yet, here or elsewhere."""
        return self.planned - sum(self.tally.counts.values())

    @property
    def summary(self) -> str:
        """Number of runs by outcome, and the database, as a sentence."""
        counts = ", ".join(f"{count} {word}" for word, count in self.tally.counts.items() if count)
        more = f", {self.left} left: the same command goes on" if self.left else ""
        runs = f"{self.planned} run{'s' * (self.planned != 1)}"
        return f"{runs}: {counts or 'nothing to do'}{more}. Database: {self.location}"

    def __repr__(self) -> str:
        return f"<{self.summary}>"


@dataclass
class Session:
    """Device, registry and options of a command that plans or trains, validated.

    `loaded` is the registry if it was loaded before. Raises BenchError for the first option that cannot be used.
    """

    options: TrainOptions
    observer: Observer = field(default_factory=Observer)
    loaded: InitVar[Registry | None] = None

    def __post_init__(self, loaded: Registry | None) -> None:
        self.options.check()
        self.device: torch.device = pick(self.options.device)
        require_backend(self.options.backend_name, self.device)
        deterministic()
        self.registry = Registry.load(self.options.registry) if loaded is None else loaded
        for warning in self.registry.warnings:
            self.observer.message(f"warning: {warning}")

    def find(self, dataset: str, asked: Asked) -> DatasetEntry:
        """Look a dataset up; its files are not looked at."""
        entry = find_dataset(self.registry, dataset, asked.groups, layout=asked.layout, lists=asked.lists)
        return asked.without_faults(entry)

    def source(self, entry: DatasetEntry) -> Source:
        """Return a dataset with the header of its manifest, if it was read on this machine."""
        return Source(entry, known_header(entry, self.options.data_root))

    def open(self, entry: DatasetEntry) -> Dataset:
        """Open a dataset to train on it, and the database to see that it can be used.

        Raises StoreError before anything is downloaded, and DataError for what must be mended before training.
        """
        Store.open(self.options.db).close()
        warn_of_network(bench_home(), "The folder of the caches", CACHE_CONSEQUENCE)
        with self.observer.counting(f"Reading {entry.name}") as count:
            dataset = open_dataset(
                entry,
                data_root=self.options.data_root,
                download=self.options.download,
                progress=lambda what, done, total: count(done, total, what),
                checked=True,
            )
        refuse_unfit(dataset.manifest, entry)
        self.observer.opened(dataset)
        return dataset

    def plan(self, source: Source, asked: Asked, *, reachable: bool = False) -> Plan:
        """Plan what is asked for; with `reachable`, without weights that no server can be asked for now."""
        data = dataset_spec(source.entry, asked.target, source.header, asked.subset)
        make = partial(plan_for, self.registry, source.entry, data, asked, header=source.header)
        with self.observer.counting() as count:
            plan = make(count)
        if reachable:
            plan, note = reachable_plan(plan, lambda offline: make(offline=offline))
            if note:
                self.observer.note(note)
        return plan

    def speed(self, store: Store | None = None) -> Speed:
        """Return how fast the device computes: as measured on it, and as runs in the database have shown."""
        this = machine(self.options.device)
        if store is None:
            return Speed(this)
        rates = store.observed_rates(this.hardware)
        return Speed(this, rates.training, rates.features)

    def forecast_runs(self, plan: Plan, source: Source) -> tuple[list[PlannedRun], Forecast]:
        """Return a plan's runs and their forecast without measuring anything: `auto` backends may stay open."""
        speed = self.speed()
        choose = known_backends(self.options.frozen_backend, speed.machine, sum(source.images.values()))
        runs = self.maker(source, speed, choose)(plan)
        return runs, total(runs, speed.machine.hardware)

    def maker(
        self, source: Source, speed: Speed, backend_for: BackendFor, limit: int | None = None
    ) -> Callable[[Plan], list[PlannedRun]]:
        """Return a function that makes the runs of a plan, at most `limit` of them, with their forecasts."""

        def make(plan: Plan) -> list[PlannedRun]:
            return self.forecast(plan.runs(speed.machine.precision_for, backend_for, limit), source, speed)

        return make

    def backend_for(self, source: Source, speed: Speed, name: BackendName | None = None) -> BackendFor:
        """Return the choice of the backend of each run; by default the one that the options name."""
        images = sum(source.images.values())
        name = name or self.options.frozen_backend
        return measured_backends(name, speed.machine, images, self.device, self.observer)

    def forecast(self, runs: Sequence[PlannedRun], source: Source, speed: Speed) -> list[PlannedRun]:
        """Fill in the seconds that each run will take, given what the feature cache has."""
        cache, kind = FeatureCache(), speed.machine.device.partition(":")[0]

        def is_cached(spec: RunSpec) -> bool:
            return is_kept(cache, spec, kind)

        keeps = self.options.cache_bytes > 0
        return with_forecast(runs, source.images, speed, lambda _position: keeps, is_cached)

    def workbench(self, dataset: Dataset) -> Workbench:
        """Return what the runs on a dataset share."""
        return Workbench(self.device, dataset, workers=self.options.workers, cache_bytes=self.options.cache_bytes)

    def unfinished(self, runs: Sequence[PlannedRun], store: Store) -> list[PlannedRun]:
        """Return the runs that are still to be trained."""
        over: Collection[str] = {"done", *ENDED_BADLY} - self.options.retried
        known = store.statuses(run.spec.run_id for run in runs)
        return [run for run in runs if known.get(run.spec.run_id) not in over]

    def train(
        self,
        store: Store,
        runs: Sequence[PlannedRun],
        workbench: Workbench,
        *,
        stop: Callable[[], bool],
        prune: bool = False,
        notes: Sequence[str] = (),
    ) -> Tally:
        """Train the runs that are not done yet, watched by the observer."""
        made = provenance(self.device)
        with self.observer.watching(runs, total(self.unfinished(runs, store), made.hardware)) as watcher:
            for note in notes:
                watcher.note(note)
            sweep = Sweep(
                store=store,
                runs=runs,
                workbench=workbench,
                provenance=made,
                watcher=watcher,
                stop=stop,
                keep_weights=self.options.keep,
                prune=prune,
                retry=self.options.retried,
            )
            return sweep.work()

    def sweep(self, dataset: str, asked: Asked, *, limit: int | None = None, prune: bool = False) -> Swept:
        """Plan, record and train: what `bench sweep` does."""
        opened = self.open(self.find(dataset, asked))
        source = self.source(opened.entry)
        plan = self.plan(source, asked, reachable=True)
        with Store.open(self.options.db) as store:
            speed = self.speed(store)
            runs = self.maker(source, speed, self.backend_for(source, speed), limit)(plan)
            store.plan(_record(plan, runs, asked, limit=limit, prune=prune), runs)
            with self.observer.interruptible() as interrupted:
                stop = Stop(interrupted, self.options.limit_s)
                notes = [*plan.remarks, *self._precisions(plan)]
                tally = self.train(store, runs, self.workbench(opened), stop=stop, prune=prune, notes=notes)
            return Swept(tally, len(runs), str(store.location))

    def _precisions(self, plan: Plan) -> list[str]:
        """Return why a precision that was asked for is not the one that is used, if it is not."""
        asked = {str(v.overrides.get("precision", v.entry.recipe.precision)) for v in plan.request.variants}
        return [message for name in asked if (message := precision_for(self.device, name)[1])]


def _record(plan: Plan, runs: Sequence[PlannedRun], asked: Asked, **more: Any) -> SweepRecord:
    return SweepRecord(
        command=command_line(),
        dataset=plan.request.dataset.name,
        budget=str(plan.request.budget),
        run_ids=tuple(run.spec.run_id for run in runs),
        rejected=plan.rejected,
        request=request_record(plan, asked, **more),
    )
