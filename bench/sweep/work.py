"""Work through a plan: claim a run, train it, keep what it measured, go on with the next."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.errors import DiskFullError, StoreError
from bench.records.runs import EpochRecord, PlannedRun, Provenance
from bench.spec import RunSpec
from bench.store.artifacts import Artifacts
from bench.store.claims import RETRY, Claim
from bench.store.heartbeat import Heartbeat
from bench.store.store import Store
from bench.store.worker import Worker
from bench.sweep.finalize import Settling, Tally
from bench.sweep.prune import Pruner
from bench.sweep.stopping import Stop
from bench.sweep.watching import Watcher
from bench.train.heads.batch import Company, company_key, most_together
from bench.train.hooks import Hooks, PrunedError
from bench.train.run import Run
from bench.train.workbench import Workbench


@dataclass
class Sweep:
    """A plan at work on one database; `stop` is asked whether to leave the current run for later.

    A `Stop` may have a time limit too, which is kept once something is gained.

    With `prune` hopeless runs end early, and those that did before are not gone on with; `rivals` are runs of
    before that they are compared with too. `keep_weights` is as in `Settling`. Of runs that ended badly before,
    those of `retry` (`failed`, `diverged`) are tried again.
    """

    store: Store
    runs: Sequence[PlannedRun]
    workbench: Workbench
    provenance: Provenance
    watcher: Watcher = field(default_factory=Watcher)
    stop: Callable[[], bool] = lambda: False
    keep_weights: bool | None = None
    prune: bool = False
    rivals: Sequence[RunSpec] = ()
    retry: frozenset[str] = RETRY

    def __post_init__(self) -> None:
        self.stopping = self.stop if isinstance(self.stop, Stop) else Stop(self.stop)
        self.artifacts = Artifacts.of(self.store)
        competing = [*self.rivals, *(run.spec for run in self.runs)] if self.prune else []
        self.pruner = Pruner(self.store, competing)
        self.by_id = {run.spec.run_id: run for run in self.runs}
        kept = self.workbench.cache_bytes > 0
        self.companies = {i: company_key(run.spec) if kept else None for i, run in self.by_id.items()}

    def work(self) -> Tally:
        """Run what is not done yet, in the plan's order, until nothing is left or `stop` says so.

        A run that fails is recorded and the next one begins. Raises StoreError where the database fails and
        DiskFullError where there is no room: then no later run could be kept either.
        """
        tally, worker = Tally(), self.store.worker()
        statuses = self.store.statuses(self.by_id)
        tally.skipped = [run_id for run_id, status in statuses.items() if status == "done"]
        for status, before in (("failed", tally.failed_before), ("diverged", tally.diverged_before)):
            if status not in self.retry:
                before += [run_id for run_id, found in statuses.items() if found == status]
        if self.prune:
            tally.pruned_before = [run_id for run_id, status in statuses.items() if status == "pruned"]
        left = [run_id for run_id in self.by_id if run_id not in tally.over]
        self.workbench.planned = [self.by_id[run_id].spec for run_id in left]
        while not self.stopping():
            claims = self._claim(left, worker)
            if not claims:
                break
            left = [run_id for run_id in left if run_id not in claims]
            self._train(claims, tally)
        self._look_elsewhere(tally, worker)
        tally.stopped = tally.stopped or self.stopping()
        return tally

    def _look_elsewhere(self, tally: Tally, worker: Worker) -> None:
        """Note what other processes are at now, and what they have ended since this sweep began."""
        left = [run_id for run_id in self.by_id if run_id not in tally.over]
        tally.elsewhere = self.store.others_running(left, worker)
        for run_id, status in self.store.statuses(i for i in left if i not in tally.elsewhere).items():
            if status == "done":
                tally.done_elsewhere.append(run_id)
            elif status == "failed":
                tally.failed_elsewhere.append(run_id)
            elif status == "diverged":
                tally.diverged_before.append(run_id)
            elif status == "pruned" and self.prune:
                tally.pruned_before.append(run_id)

    def _claim(self, left: Sequence[str], worker: Worker) -> dict[str, Claim]:
        """Take the first run that is free, and those that are free and train together with it.

        They need the same frozen pass, so another process does better to begin with another backbone.
        """
        claim = functools.partial(
            self.store.claim,
            worker=worker,
            provenance=self.provenance,
            retry=self.retry,
            resume_pruned=not self.prune,
        )
        first = claim(left)
        if first is None:
            return {}
        taken, company = {first.run_id: first}, self.companies[first.run_id]
        most = most_together(self.by_id[first.run_id].counts.trainable_params)
        others = [i for i in left if i != first.run_id and company is not None and self.companies[i] == company]
        while others and len(taken) < most:
            found = claim(others)
            if found is None:
                break
            taken[found.run_id] = found
            others = others[others.index(found.run_id) + 1 :]
        return taken

    def _train(self, claims: dict[str, Claim], tally: Tally) -> None:
        """Train what was claimed, together where that is possible, and end each run."""
        claimed = [(self.by_id[run_id], claim) for run_id, claim in claims.items()]
        ends = Settling(self.store, self.artifacts, self.watcher, tally, keep_weights=self.keep_weights)
        ends.open = {claim.run_id: (run, claim) for run, claim in claimed}
        for run, claim in claimed:
            self.watcher.started(run, claim.number)
        try:
            for claim in claims.values():
                self.artifacts.clear_leftovers(claim.run_id)
            with Heartbeat(self.store, list(claims.values())):
                runs = [self._run(run, claim) for run, claim in claimed if self._goes_on(run, ends)]
                if runs:
                    Company(runs, Hooks(step=self.watcher.step, stop=self.stopping), ends).execute()
        except (DiskFullError, KeyboardInterrupt) as error:
            ends.interrupt(error)
            raise
        except StoreError as error:
            with contextlib.suppress(StoreError):  # where the database fails, this does too
                ends.interrupt(error)
            raise
        except Exception as error:
            if not ends.open:
                raise
            ends.end_all(error)

    def _goes_on(self, run: PlannedRun, ends: Settling) -> bool:
        """Say whether a run is to be trained, and end it where it is not."""
        try:
            self.pruner.check(run.spec)
        except PrunedError as error:
            ends.end(run.spec.run_id, error)
            return False
        return True

    def _run(self, run: PlannedRun, claim: Claim) -> Run:
        return Run(run.spec, self.workbench, self.artifacts.checkpoint_path(claim.run_id), self._hooks(claim, run))

    def _hooks(self, claim: Claim, run: PlannedRun) -> Hooks:
        def epoch(record: EpochRecord) -> None:
            self.store.record_epoch(claim, record)
            self.pruner.refresh()
            self.stopping.moved()
            self.watcher.epoch(run, record)

        watcher, stopping = self.watcher, self.stopping
        prune = functools.partial(self.pruner.halt, run.spec)
        return Hooks(
            epoch, watcher.step, watcher.features, watcher.note, stopping, prune, stopping.late, stopping.moved
        )
