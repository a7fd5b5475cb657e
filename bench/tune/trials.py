"""A study's trials: begun, proposed and told, each step written before the next one, so that any may be the last.

A trial is open until it is told. Its parameters are stored one by one as they are drawn, and drawn the same again
where a process was killed in between; its run is an ordinary one, whose id follows from the parameters.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from bench.registry.search_domains import Choices, Domain
from bench.store.leases import LEASE_S
from bench.store.worker import Process, this_host
from bench.tune.sampler import MARKS_ITSELF, OVER_BUDGET, KeyedSampler
from bench.tune.space import Proposal, Space
from bench.tune.storage import storage_errors

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

    from bench.store.location import Location

CLOSED: type[Exception] = getattr(optuna.exceptions, "UpdateFinishedTrialError", RuntimeError)
"""What optuna raises where a trial that is closed is written to; before 4.3 it had no name of its own."""

End = Literal["open", "done", "pruned", "diverged", "infeasible", "surplus"]


@dataclass(frozen=True)
class Tried:
    """One trial. `value` is None until it is told one; `run_id` until it is planned.

    An infeasible trial is out of the budget, or cannot be built: it was not trained, and `reason` says why. A
    surplus one was begun by a process while another began the last.
    """

    number: int
    end: End
    value: float | None
    settings: Mapping[str, Any]
    run_id: str | None = None
    reason: str = ""
    process: Process | None = None
    since: float = 0.0

    @property
    def counts(self) -> bool:
        """Whether it is one of the trials that were asked for."""
        return self.end not in ("infeasible", "surplus")

    @property
    def is_orphan(self) -> bool:
        """Whether nobody is drawing its parameters: its process ended, or on another host has taken too long."""
        if self.run_id is not None:
            return False
        if self.process is None or self.process.is_gone:
            return True
        return self.process.host != this_host() and time.time() - self.since > LEASE_S


@dataclass
class Trials:
    """The trials of one study; every method is written to the database before it returns, or raises StoreError."""

    storage: RDBStorage
    location: Location
    name: str
    sampler: KeyedSampler
    study_id: int = field(init=False)

    def __post_init__(self) -> None:
        with storage_errors(self.location):
            self.cached = optuna.storages.get_storage(self.storage)  # reads what is finished once
            self.study_id = self.cached.get_study_id_from_name(self.name)

    def all(self) -> list[Tried]:
        """Return every trial, by number."""
        with storage_errors(self.location):
            found = self.cached.get_all_trials(self.study_id, deepcopy=False)
        return [tried(trial) for trial in sorted(found, key=lambda trial: trial.number)]

    def begin(self, process: Process) -> int:
        """Open a trial and return its number; of several processes that do so at once each gets one of its own."""
        owner = {"host": process.host, "pid": process.pid, "started_at": process.started_at}
        begun = create_trial(state=TrialState.RUNNING, user_attrs={"process": owner, "since": time.time()})
        with storage_errors(self.location):
            trial_id = self.cached.create_new_trial(self.study_id, template_trial=begun)
            return self.cached.get_trial(trial_id).number

    def propose(self, number: int, space: Space) -> Proposal | None:
        """Draw an open trial's parameters; what is stored stays. None where another process has closed it."""
        with self._open(number) as trial:
            backbone = str(trial.suggest_categorical("backbone", space.backbones))
            strategy = str(trial.suggest_categorical("strategy", space.strategies))
            domains = {
                key: (space.parameter(key, strategy), domain) for key, domain in space.keys[strategy].items()
            }
            for name, domain in domains.values():
                _draw(trial, name, domain)
            stored = self.storage.get_trial(trial._trial_id).params  # noqa: SLF001 - another process may have drawn too
            settings = {key: domain.value(stored[name]) for key, (name, domain) in domains.items()}
            trial.set_user_attr("settings", {"backbone": backbone, "strategy": strategy, **settings})
            return Proposal(backbone, strategy, settings)
        return None

    def plan(self, number: int, run_id: str) -> None:
        """Say which run an open trial is."""
        with self._open(number) as trial:
            trial.set_user_attr("run_id", run_id)

    def tell_done(self, number: int, value: float) -> None:
        """Close a trial with what it is worth."""
        with self._open(number) as trial:
            trial.study.tell(trial, value, skip_if_finished=True)

    def add_again(self, closed: Tried, value: float) -> int:
        """Add what the run of a closed trial came to when it was tried again, and return its trial's number."""
        with storage_errors(self.location):
            old = self.cached.get_trial(
                self.cached.get_trial_id_from_study_id_trial_number(self.study_id, closed.number)
            )
            again = create_trial(
                params=old.params, distributions=old.distributions, value=value, user_attrs=old.user_attrs
            )
            return self.cached.get_trial(self.cached.create_new_trial(self.study_id, template_trial=again)).number

    def tell_pruned(self, number: int, value: float | None, epoch: int) -> None:
        """Close a trial whose run ended early, with the best it reached; one that diverged reached nothing."""
        with self._open(number) as trial:
            if value is not None:
                trial.report(value, epoch)
            trial.study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)

    def tell_infeasible(self, number: int, reason: str, over: float) -> None:
        """Close a trial that was not trained; `over`, above 0, tells the sampler how far it is from the budget."""
        with self._open(number) as trial:
            trial.set_user_attr("reason", reason)
            trial.set_user_attr(OVER_BUDGET, over)
            if MARKS_ITSELF:
                trial.set_constraint(OVER_BUDGET, over)
            trial.study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)

    def tell_surplus(self, number: int) -> None:
        """Close a trial that is one too many; samplers leave it out."""
        with self._open(number) as trial:
            trial.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)

    @contextmanager
    def _open(self, number: int) -> Iterator[Trial]:
        """Give an open trial, with a study that knows what others have told; where they closed it, that stands."""
        with storage_errors(self.location), contextlib.suppress(CLOSED):
            self.cached.get_all_trials(
                self.study_id, deepcopy=False
            )  # it refuses to write to what it has not read
            study = optuna.load_study(study_name=self.name, storage=self.cached, sampler=self.sampler)
            trial_id = self.cached.get_trial_id_from_study_id_trial_number(self.study_id, number)
            yield Trial(study, trial_id)


def tried(trial: FrozenTrial) -> Tried:
    """Read one of optuna's trials."""
    owner = trial.user_attrs.get("process")
    return Tried(
        trial.number,
        _end(trial),
        trial.value if trial.state == TrialState.COMPLETE else None,
        trial.user_attrs.get("settings", dict(trial.params)),
        trial.user_attrs.get("run_id"),
        trial.user_attrs.get("reason", ""),
        Process(**owner) if owner else None,
        trial.user_attrs.get("since", 0.0),
    )


def _end(trial: FrozenTrial) -> End:
    if not trial.state.is_finished():
        return "open"
    if trial.state == TrialState.COMPLETE:
        return "done"
    if OVER_BUDGET in trial.user_attrs:
        return "infeasible"
    if trial.state == TrialState.PRUNED:
        return "pruned" if trial.intermediate_values else "diverged"
    return "surplus"


def _draw(trial: Trial, name: str, domain: Domain) -> None:
    if isinstance(domain, Choices):
        trial.suggest_categorical(name, domain.labels)
    elif domain.whole:
        trial.suggest_int(name, int(domain.low), int(domain.high), log=domain.log)
    else:
        trial.suggest_float(name, domain.low, domain.high, log=domain.log)
