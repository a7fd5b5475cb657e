"""Work through a plan: claim a run, train it, keep what it measured, go on with the next."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.errors import DiskFullError, DivergedError, StoreError
from bench.pruning import Pruner
from bench.records import EpochRecord, PlannedRun, Provenance
from bench.spec import RunSpec, digest
from bench.store.artifacts import Artifacts, RunPredictions, TestPredictions, ValPredictions
from bench.store.claims import Claim, Ended
from bench.store.failures import LeaseLostError
from bench.store.heartbeat import Heartbeat
from bench.store.store import Store
from bench.train.hooks import Hooks, PrunedError, StoppedError
from bench.train.run import Outcome, Run
from bench.train.workbench import Workbench


@dataclass
class Watcher:
    """Who watches a sweep: every method may be overridden, none has to be."""

    def started(self, run: PlannedRun, attempt: int) -> None:
        """Hear that a run begins."""

    def epoch(self, run: PlannedRun, record: EpochRecord) -> None:
        """Hear that an epoch ended."""

    def step(self, done: int, total: int) -> None:
        """Hear that an optimizer step ended."""

    def features(self, done: int, total: int) -> None:
        """Hear how far a frozen pass is."""

    def note(self, message: str) -> None:
        """Hear what is worth saying."""

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Hear that a run is done."""

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:
        """Hear that a run failed, diverged, was pruned or interrupted."""


@dataclass
class Tally:
    """How a sweep went, by run id; `skipped` were done before, the others `..._before` ended so before."""

    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    pruned: list[str] = field(default_factory=list)
    pruned_before: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)
    diverged_before: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    stopped: bool = False


@dataclass
class Sweep:
    """A plan at work on one database; `stop` is asked whether to leave the current run for later.

    With `prune` hopeless runs end early, and those that did before are not gone on with.
    """

    store: Store
    runs: Sequence[PlannedRun]
    bench: Workbench
    provenance: Provenance
    watcher: Watcher = field(default_factory=Watcher)
    stop: Callable[[], bool] = lambda: False
    keep_weights: bool = False
    prune: bool = False

    def __post_init__(self) -> None:
        self.artifacts = Artifacts.beside(self.store.location)
        self.pruner = Pruner(self.store, [run.spec for run in self.runs] if self.prune else [])
        self.by_id = {run.spec.run_id: run for run in self.runs}

    def work(self) -> Tally:
        """Run what is not done yet, in the plan's order, until nothing is left or `stop` says so.

        A run that fails is recorded and the next one begins. Raises StoreError where the database fails and
        DiskFullError where there is no room: then no later run could be kept either.
        """
        tally, worker = Tally(), self.store.worker()
        statuses = self.store.statuses(self.by_id)
        tally.skipped = [run_id for run_id, status in statuses.items() if status == "done"]
        tally.diverged_before = [run_id for run_id, status in statuses.items() if status == "diverged"]
        if self.prune:
            tally.pruned_before = [run_id for run_id, status in statuses.items() if status == "pruned"]
        over = {*tally.skipped, *tally.diverged_before, *tally.pruned_before}
        left = [run_id for run_id in self.by_id if run_id not in over]
        self.bench.planned = [self.by_id[run_id].spec for run_id in left]
        while not self.stop():
            claim = self.store.claim(left, worker, self.provenance, resume_pruned=not self.prune)
            if claim is None:
                break
            left = [run_id for run_id in left if run_id != claim.run_id]
            self._one(claim, tally)
        tally.elsewhere = self.store.others_running(left, worker)
        tally.stopped = tally.stopped or self.stop()
        return tally

    def _one(self, claim: Claim, tally: Tally) -> None:
        run = self.by_id[claim.run_id]
        self.watcher.started(run, claim.number)
        try:
            with Heartbeat(self.store, claim):
                self.pruner.check(run.spec)
                outcome = Run(
                    run.spec, self.bench, self.artifacts.checkpoint_path(claim.run_id), self._hooks(claim, run)
                ).execute()
                self._keep(claim, run.spec, outcome)
        except LeaseLostError as error:
            self.watcher.note(f"{error.what} {error.why}")
        except StoppedError as error:
            self._end(claim, run, "interrupted", error)
            tally.stopped = True
        except PrunedError as error:
            with contextlib.suppress(LeaseLostError):  # as in `_end`
                self.store.prune(claim, error.halt.rung, error.halt.epoch, error)
            self.watcher.ended(run, "pruned", error)
            tally.pruned.append(claim.run_id)
        except DivergedError as error:
            self._end(claim, run, "diverged", error)
            tally.diverged.append(claim.run_id)
        except (DiskFullError, KeyboardInterrupt) as error:
            self._end(claim, run, "interrupted", error)
            raise
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - one run's failure, whatever it is, is a row and not the sweep's end
            self._end(claim, run, "failed", error)
            tally.failed.append(claim.run_id)
        else:
            tally.done.append(claim.run_id)
            self.watcher.finished(run, outcome)

    def _end(self, claim: Claim, run: PlannedRun, status: Ended, error: BaseException) -> None:
        with contextlib.suppress(LeaseLostError):  # how it ends is for the process to say that took the run over
            self.store.fail(claim, status, error)
        self.watcher.ended(run, status, error)

    def _keep(self, claim: Claim, spec: RunSpec, outcome: Outcome) -> None:
        """Keep files first, the row last: a row that says `done` has its files."""
        val, test = outcome.splits.val, outcome.splits.test
        predictions = RunPredictions(
            digest([val.digest, test.digest]),
            ValPredictions(np.array(val.ids), val.labels, outcome.val_logits),
            TestPredictions(np.array(test.ids), test.labels, outcome.test_logits),
        )
        self.artifacts.save_predictions(claim.run_id, predictions)
        if self.keep_weights:
            self._save_weights(claim.run_id, spec, outcome)
        for made in outcome.passes:
            self.store.add_feature_pass(made)
        self.store.finish(claim, outcome.result)
        self.artifacts.discard_checkpoint(claim.run_id)

    def _save_weights(self, run_id: str, spec: RunSpec, outcome: Outcome) -> None:
        from safetensors.torch import save_file  # noqa: PLC0415 - only where weights are kept

        from bench.atomic import atomic_file, disk_errors  # noqa: PLC0415 - the same

        path = self.artifacts.model_path(run_id)
        weights = {
            name: tensor.contiguous() for name, tensor in outcome.weights.items()
        }  # convolutions lie otherwise
        with disk_errors(path), atomic_file(path) as temporary:
            save_file(weights, temporary, metadata={"run_id": run_id, "spec": spec.model_dump_json()})

    def _hooks(self, claim: Claim, run: PlannedRun) -> Hooks:
        def epoch(record: EpochRecord) -> None:
            self.store.record_epoch(claim, record)
            self.watcher.epoch(run, record)

        watcher = self.watcher
        prune = functools.partial(self.pruner.halt, run.spec)
        return Hooks(epoch, watcher.step, watcher.features, watcher.note, self.stop, prune)


def deadline(seconds: float | None) -> Callable[[], bool]:
    """Make a `stop` that says so once `seconds` have passed; None never does."""
    end = None if seconds is None else time.monotonic() + seconds
    return lambda: end is not None and time.monotonic() >= end
