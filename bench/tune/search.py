"""The search itself: ask for trials, train their runs as a sweep does, tell what validation says of them.

What is asked and told is in the study, what is measured in the runs; nothing else is remembered. So whoever is
killed, wherever, is gone on with: open trials first, and each from its run's own checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.records.runs import PlannedRun, Provenance
from bench.spec import Metric, RunSpec
from bench.store.claims import RETRY
from bench.store.store import Store
from bench.sweep.finalize import Tally
from bench.sweep.work import Sweep
from bench.train.workbench import Workbench
from bench.tune.objective import best_until, objective
from bench.tune.planner import Infeasible, Planner
from bench.tune.space import Proposal, Space
from bench.tune.study import best_of
from bench.tune.trials import Trials, Tried
from bench.tune.watching import TuneWatcher

INFEASIBLE_EACH = 10
"""A search gives up once so many proposals were infeasible for each trial that it is to make."""

FAILURES = 3
"""It also stops when so many runs fail one after another: the next would too."""


TOO_DEAR = "Most of the space is out of the budget."
EXHAUSTED = "Every point of the space has been tried."
ALL_FAIL = f"{FAILURES} trials failed one after another: `bench runs --status failed` says why."


@dataclass
class Ended:
    """How a search ended here: whether it was told to stop, which trials failed, and what else ended it."""

    stopped: bool = False
    failed: list[int] = field(default_factory=list)
    why: str = ""

    @property
    def badly(self) -> bool:
        """Whether something has to be looked into before more can be tried."""
        return bool(self.failed) or self.why == TOO_DEAR


@dataclass
class Search:
    """One process's work on a study, until it has `wanted` trials.

    Of runs that ended badly those of `retry` are tried again: failed ones as the open trials they are; what a
    diverged one then comes to is a trial of its own, for a closed one stays as it was told.
    `together` trials are asked for at once, so that heads on the same features train as one computation; each is
    then proposed without knowing how the others do.
    """

    store: Store
    trials: Trials
    space: Space
    planner: Planner
    sweep_id: int
    workbench: Workbench
    provenance: Provenance
    metric: Metric
    wanted: int
    prune: bool = False
    together: int = 1
    keep_weights: bool | None = None
    watcher: TuneWatcher = field(default_factory=TuneWatcher)
    stop: Callable[[], bool] = lambda: False
    retry: frozenset[str] = RETRY

    def __post_init__(self) -> None:
        self.process = self.store.worker().process
        self.specs: dict[str, RunSpec] = {}
        self.ended = Ended()
        self._left: set[int] = set()

    def work(self) -> Ended:
        """Search until there are enough trials, or something ends it before.

        Raises StoreError where the database fails and DiskFullError where there is no room.
        """
        self._settle()
        if "diverged" in self.retry:
            self._try_again()
        while not self.ended.why and (batch := self._batch()):
            self._train(batch)
        self.ended.stopped = self.ended.stopped or self.stop()
        return self.ended

    def _batch(self) -> dict[int, PlannedRun]:
        """Take the open trials that nobody is at, and ask for more until there are enough to begin.

        New ones come in lots of `together`, counted from the study's first trial: a search that goes on asks for
        as many as it would have, before it trains any.
        """
        batch: dict[int, PlannedRun] = {}
        for trial in self._orphans():
            self._add(batch, trial.number)
        while not self.ended.why and not self.stop():
            known = self.trials.all()
            full = len(known) % self.together == 0 or len(batch) >= self.together
            if (batch and full) or sum(trial.counts for trial in known) >= self.wanted:
                break
            if sum(trial.end == "infeasible" for trial in known) >= INFEASIBLE_EACH * self.wanted:
                self.ended.why = TOO_DEAR
                break
            if self.space.size <= len({str(trial.settings) for trial in known if trial.end != "surplus"}):
                self.ended.why = EXHAUSTED
                break
            self._add(batch, self.trials.begin(self.process))
        return batch

    def _try_again(self) -> None:
        """Train the runs of diverged trials once more; each that is done now becomes another trial."""
        diverged = {trial.run_id: trial for trial in self.trials.all() if trial.end == "diverged" and trial.run_id}
        statuses = self.store.statuses(run_id for run_id in diverged if run_id)
        runs = []
        for run_id, trial in diverged.items():
            settings = dict(trial.settings)
            point = Proposal(settings.pop("backbone"), settings.pop("strategy"), settings)
            planned = self.planner.plan(point)
            if isinstance(planned, PlannedRun) and (planned.spec.run_id, statuses.get(run_id)) == (
                run_id,
                "diverged",
            ):
                runs.append(planned)
        self.store.extend(self.sweep_id, runs)
        tally = self._sweep(runs)
        for run_id, measured in self.store.val_metrics(tally.done).items():
            self._hear(self.trials.add_again(diverged[run_id], objective(measured, self.metric)))

    def _orphans(self) -> list[Tried]:
        """List the open trials that this process may take up: not tried here yet, and no other's."""
        waiting = [trial for trial in self.trials.all() if trial.end == "open" and trial.number not in self._left]
        planned = [trial.run_id for trial in waiting if trial.run_id]
        taken = set(self.store.others_running(planned))
        return [t for t in waiting if t.is_orphan or (t.run_id and t.run_id not in taken)][: self.together]

    def _add(self, batch: dict[int, PlannedRun], number: int) -> None:
        """Propose and plan a trial; it joins the batch unless it is not to be trained."""
        known = self.trials.all()
        if sum(trial.counts for trial in known[:number]) >= self.wanted:
            self.trials.tell_surplus(number)
            return
        proposal = self.trials.propose(number, self.space)
        if proposal is None:
            return
        planned = self.planner.plan(proposal)
        if isinstance(planned, Infeasible):
            self.trials.tell_infeasible(number, planned.reason, planned.over)
            self._hear(number)
            return
        self.store.extend(self.sweep_id, [planned])
        self.trials.plan(number, planned.spec.run_id)
        self.specs[planned.spec.run_id] = planned.spec
        batch[number] = planned

    def _train(self, batch: dict[int, PlannedRun]) -> None:
        self._left |= batch.keys()
        for number in batch:
            self.watcher.trial(number, self.wanted)
        runs = list({run.spec.run_id: run for run in batch.values()}.values())
        tally = self._sweep(runs)
        failed = [number for number, run in batch.items() if run.spec.run_id in tally.failed]
        self.ended.failed += failed
        self._settle()
        self.ended.stopped = self.ended.stopped or tally.stopped
        self._give_up_where_all_fail()

    def _sweep(self, runs: Sequence[PlannedRun]) -> Tally:
        return Sweep(
            self.store,
            runs,
            self.workbench,
            self.provenance,
            self.watcher,
            self.stop,
            keep_weights=self.keep_weights,
            prune=self.prune,
            rivals=self._rivals() if self.prune else (),
            retry=self.retry,
        ).work()

    def _settle(self) -> None:
        """Tell the study of every open trial whose run is over, whoever trained it."""
        waiting = [trial for trial in self.trials.all() if trial.end == "open" and trial.run_id]
        statuses = self.store.statuses(trial.run_id for trial in waiting if trial.run_id)
        measured = self.store.val_metrics(trial.run_id for trial in waiting if trial.run_id)
        for trial in waiting:
            run_id = str(trial.run_id)
            status = statuses.get(run_id)
            if run_id in measured:
                self.trials.tell_done(trial.number, objective(measured[run_id], self.metric))
            elif status in ("done", "diverged"):  # done, but what it measured is no number
                self.trials.tell_pruned(trial.number, None, 0)
            elif status == "pruned" and self.prune:
                vals = [epoch.val for epoch in self.store.epochs(run_id)]
                self.trials.tell_pruned(trial.number, best_until(vals, self.metric), len(vals))
            else:
                continue
            self._hear(trial.number)

    def _hear(self, number: int) -> None:
        known = self.trials.all()
        self.watcher.told(known[number], best_of(known, self.metric))

    def _rivals(self) -> Sequence[RunSpec]:
        """List the specs of every trial that has a run: those that rungs compare."""
        for trial in self.trials.all():
            if trial.run_id and trial.run_id not in self.specs:
                self.specs[trial.run_id] = self.store.run(trial.run_id).spec
        return list(self.specs.values())

    def _give_up_where_all_fail(self) -> None:
        last = sorted(self._left)[-FAILURES:]
        if len(last) == FAILURES and set(last) <= set(self.ended.failed):
            self.ended.why = ALL_FAIL
