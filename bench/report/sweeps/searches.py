"""The searches behind sweeps that `bench tune` recorded: their trials, and what each was worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError
from bench.records.runs import SweepRecord
from bench.store.store import Store

if TYPE_CHECKING:
    from bench.tune.study import Listed
    from bench.tune.trials import Tried

MOST_WEIGHED = 300
"""Finished trials up to which importances take a second or so; with more they are left to `bench tune`."""


@dataclass(frozen=True)
class Search:
    """A search, as a sweep of its runs shows it. `importances` are shares of the objective's variance."""

    study: Listed
    importances: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The study's name, by which `bench tune --name` goes on with it."""
        return self.study.name

    @property
    def metric(self) -> str:
        """The objective: val_top1, val_loss or val_balanced_accuracy."""
        return str(self.study.definition["metric"])

    @property
    def trials(self) -> Sequence[Tried]:
        """Every trial but those that were one too many."""
        return [trial for trial in self.study.trials if trial.end != "surplus"]

    @property
    def best(self) -> Tried | None:
        """The best trial that is done."""
        return self.study.best

    @cached_property
    def best_so_far(self) -> list[float | None]:
        """The best value up to each trial, in their order; None before the first value."""
        better = min if self.metric == "val_loss" else max
        found: list[float | None] = []
        best: float | None = None
        for trial in self.trials:
            if trial.value is not None:
                best = trial.value if best is None else better(best, trial.value)
            found.append(best)
        return found


@dataclass(frozen=True)
class Searches:
    """The searches of a database; `why_not` says what kept them from being read."""

    found: Sequence[Search] = ()
    why_not: str = ""

    def of(self, record: SweepRecord) -> Search | None:
        """Return the search of a sweep's definition; of several of one definition the one with its runs."""
        asked, runs = record.request.get("tune"), set(record.run_ids)
        same = [search for search in self.found if search.study.definition == asked]
        ranked = sorted(same, key=lambda search: -sum(trial.run_id in runs for trial in search.trials))
        return ranked[0] if ranked else None


def searches(store: Store, records: Iterable[SweepRecord]) -> Searches:
    """Read the searches of a database, if one of its sweeps was a search; where that fails it says why."""
    if not any("tune" in record.request for record in records):
        return Searches()
    from bench.tune.study import studies  # noqa: PLC0415 - imports optuna, which few databases need

    try:
        return Searches([Search(study, _importances(store, study)) for study in studies(store)])
    except BenchError as error:
        return Searches(why_not=f"{error.what} {error.why}")


def settings(trial: Tried) -> dict[str, Any]:
    """Return what a trial tried, backbone and strategy first."""
    names = [name for name in ("backbone", "strategy") if name in trial.settings]
    return {name: trial.settings[name] for name in dict.fromkeys([*names, *trial.settings])}


def _importances(store: Store, study: Listed) -> dict[str, float]:
    if sum(trial.end == "done" for trial in study.trials) > MOST_WEIGHED:
        return {}
    from bench.tune.result import importances  # noqa: PLC0415 - as above
    from bench.tune.sampler import KeyedSampler  # noqa: PLC0415
    from bench.tune.storage import optuna_storage  # noqa: PLC0415
    from bench.tune.trials import Trials  # noqa: PLC0415

    with optuna_storage(store.location) as storage:
        return importances(Trials(storage, store.location, study.name, KeyedSampler("random", 0)))
