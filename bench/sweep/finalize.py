"""How a claimed run ends: its files and its row if it is done, its error if not."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.errors import DivergedError, StoreError
from bench.inference.kept_weights import is_kept, write_weights
from bench.records.predictions import RunPredictions, TestPredictions, ValPredictions
from bench.records.runs import PlannedRun
from bench.spec import digest
from bench.store.artifacts import Artifacts
from bench.store.claims import Claim, Ended
from bench.store.failures import LeaseLostError
from bench.store.store import Store
from bench.sweep.watching import Watcher
from bench.train.hooks import PrunedError, StoppedError
from bench.train.run import Outcome, Run
from bench.train.torch_errors import explained


@dataclass
class Tally:
    """How a sweep went, by run id; `skipped` were done before, the others `..._before` ended so before.

    Other processes are at `elsewhere`; `done_elsewhere` and `failed_elsewhere` ended there since the sweep began.
    """

    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    pruned: list[str] = field(default_factory=list)
    pruned_before: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    failed_before: list[str] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)
    diverged_before: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    done_elsewhere: list[str] = field(default_factory=list)
    failed_elsewhere: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def went_well(self) -> bool:
        """Whether nothing failed or diverged, and nobody is still at a run."""
        badly = (self.failed, self.failed_before, self.diverged, self.diverged_before)
        return not any((*badly, self.elsewhere, self.failed_elsewhere))

    @property
    def counts(self) -> dict[str, int]:
        """How many runs ended in each way, in the order in which a sweep names them."""
        return {
            "done": len(self.done),
            "done before": len(self.skipped),
            "failed": len(self.failed),
            "failed before": len(self.failed_before),
            "diverged": len(self.diverged),
            "diverged before": len(self.diverged_before),
            "pruned": len(self.pruned),
            "pruned before": len(self.pruned_before),
            "done elsewhere": len(self.done_elsewhere),
            "failed elsewhere": len(self.failed_elsewhere),
            "running elsewhere": len(self.elsewhere),
        }

    @property
    def over(self) -> set[str]:
        """The runs that ended, here or before."""
        before = (self.skipped, self.pruned_before, self.failed_before, self.diverged_before)
        return {*self.done, *self.pruned, *self.failed, *self.diverged}.union(*before)


@dataclass
class Settling:
    """Ends claimed runs, each once; `open` are those that have not ended yet.

    What runs trained is kept always, never, or (None) where it is small: see `bench.inference.kept_weights`.
    """

    store: Store
    artifacts: Artifacts
    watcher: Watcher
    tally: Tally
    keep_weights: bool | None = None
    open: dict[str, tuple[PlannedRun, Claim]] = field(default_factory=dict)

    def finished(self, run: Run, outcome: Outcome) -> None:
        """Keep a run that is done: files first, the row last, so that a row that says `done` has its files."""
        planned, claim = self.open[run.spec.run_id]
        self._keep(claim, run, outcome)
        del self.open[claim.run_id]
        self.tally.done.append(claim.run_id)
        self.watcher.finished(planned, outcome)

    def failed(self, run: Run, error: Exception) -> None:
        """Record why a run is not done; raises as `end` does."""
        self.end(run.spec.run_id, error)

    def end(self, run_id: str, error: Exception) -> None:
        """Record one run's error as what it means: it stopped, was pruned, diverged or failed.

        Raises the error itself where it is no matter of this run: the database fails (StoreError), there is no
        room (DiskFullError), or the run has ended already, so that it is who watches that failed.
        """
        if run_id not in self.open:
            raise error
        if isinstance(error, LeaseLostError):
            planned, _ = self.open.pop(run_id)
            self.watcher.note(f"{error.what} {error.why}")
            self.watcher.lost(planned)
        elif isinstance(error, StoreError):
            raise error
        elif isinstance(error, PrunedError):
            self._pruned(run_id, error)
        elif isinstance(error, StoppedError):
            self.tally.stopped = True
            self._record(run_id, "interrupted", error)
        elif isinstance(error, DivergedError):
            self._record(run_id, "diverged", error)
            self.tally.diverged.append(run_id)
        else:
            self._record(run_id, "failed", explained(error, self.open[run_id][0].spec))
            self.tally.failed.append(run_id)

    def interrupt(self, error: BaseException) -> None:
        """Record that every run that is open was interrupted."""
        for run_id in list(self.open):
            self._record(run_id, "interrupted", error)

    def end_all(self, error: Exception) -> None:
        """Record for every run that is open what kept all of them from training."""
        for run_id in list(self.open):
            self.end(run_id, error)

    def _pruned(self, run_id: str, error: PrunedError) -> None:
        planned, claim = self.open.pop(run_id)
        with contextlib.suppress(LeaseLostError):  # as in `_record`
            self.store.prune(claim, error.halt.rung, error.halt.epoch, error)
        self.watcher.ended(planned, "pruned", error)
        self.tally.pruned.append(run_id)

    def _record(self, run_id: str, status: Ended, error: BaseException) -> None:
        planned, claim = self.open.pop(run_id)
        with contextlib.suppress(LeaseLostError):  # how it ends is for the process to say that took the run over
            self.store.fail(claim, status, error)
            if status == "diverged":  # nobody goes on with it
                self.artifacts.discard_checkpoint(run_id)
        self.watcher.ended(planned, status, error)

    def _keep(self, claim: Claim, run: Run, outcome: Outcome) -> None:
        val, test = outcome.splits.val, outcome.splits.test
        predictions = RunPredictions(
            digest([val.digest, test.digest]),
            ValPredictions.made(np.array(val.ids), val.labels, outcome.val_logits, val.classes),
            TestPredictions.made(np.array(test.ids), test.labels, outcome.test_logits, test.classes),
            run.spec.dataset.targets if val.classes else (),
        )
        stamps = [self.artifacts.save_predictions(claim.run_id, predictions)]
        if is_kept(self.keep_weights, outcome.result.stored_bytes):
            keep_weights(self.artifacts.model_path(claim.run_id), run, outcome)
            stamps.append(self.artifacts.weights_stamp(claim.run_id))
        for made in outcome.passes:
            self.store.add_feature_pass(made)
        self.store.finish(claim, outcome.result, stamps)
        self.artifacts.discard_checkpoint(claim.run_id)


def keep_weights(path: Path, run: Run, outcome: Outcome) -> None:
    """Keep what a run trained, with the class names of its dataset."""
    manifest = run.workbench.dataset.manifest
    classes = {target: manifest.class_names(target) for target in run.spec.dataset.targets}
    write_weights(path, run.spec, classes, outcome.weights)
