"""Studies: what a search is defined by, found again by its name, and what `bench tune --list` says of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import optuna

from bench.errors import BenchError
from bench.spec import Metric, digest
from bench.tune.objective import is_less_better
from bench.tune.sampler import KeyedSampler, sampler_name
from bench.tune.storage import has_studies, optuna_storage, storage_errors
from bench.tune.trials import Trials, Tried

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

    from bench.store.location import Location
    from bench.store.store import Store

MARK = "bench"
"""The user attribute that holds a study's definition; a study without it is not ours."""


LONGEST = 200
"""Characters of a study's name at most; optuna's column holds 512."""


@dataclass(frozen=True)
class Definition:
    """What decides the proposals of a search and what they are worth: the same definition, the same study.

    `request` holds the rest of what was asked for (dataset, recipe, budget, ...) as plain data.
    """

    space: Mapping[str, str]
    metric: Metric
    sampler: str
    seed: int
    prune: bool
    request: Mapping[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """The definition as plain data, flat."""
        own = {"space": dict(self.space), "metric": self.metric, "sampler": self.sampler, "seed": self.seed}
        return {**own, "prune": self.prune, **self.request}

    @property
    def name(self) -> str:
        """The study's name where the user gives none: the dataset's, and digits of the definition's hash."""
        dataset = str(self.request["dataset"]["name"]).rpartition("/")[2]
        return f"{dataset}-{self.short_hash}"

    @property
    def short_hash(self) -> str:
        """Digits enough to tell the searches of a database apart."""
        return digest(self.data, "study")[:8]


@dataclass(frozen=True)
class Listed:
    """One study of ours, with its trials."""

    name: str
    command: str
    definition: Mapping[str, Any]
    trials: tuple[Tried, ...]

    @property
    def best(self) -> Tried | None:
        """The best of the trials that are done; of equal ones the first."""
        return best_of(self.trials, self.definition["metric"])


def best_of(trials: tuple[Tried, ...] | list[Tried], metric: Metric) -> Tried | None:
    """Return the best trial that is done, None where none is; of equal ones the first."""
    done = [trial for trial in trials if trial.value is not None]
    sign = 1 if is_less_better(metric) else -1
    return min(done, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)


@contextmanager
def opened(
    location: Location, name: str, definition: Definition, command: str, first: Mapping[str, Any]
) -> Iterator[Trials]:
    """Open a study of this definition, or begin it; `first` is what its first trial tries.

    Raises BenchError where the name is taken by a study of another definition, and for what is no name.
    """
    if not name.isprintable() or len(name) > LONGEST:
        raise BenchError(
            "The study's name cannot be written.",
            f"A name has at most {LONGEST} characters, all of them printable.",
            "Give a shorter --name.",
        )
    with optuna_storage(location) as storage:
        with storage_errors(location):
            less = is_less_better(definition.metric)
            direction = optuna.study.StudyDirection.MINIMIZE if less else optuna.study.StudyDirection.MAXIMIZE
            study = optuna.create_study(storage=storage, study_name=name, direction=direction, load_if_exists=True)
            _agree(study, definition)
            if MARK not in study.user_attrs:
                study.set_user_attr(MARK, {"definition": definition.data, "command": command})
        sampler = KeyedSampler(sampler_name(definition.sampler), definition.seed, first)
        yield Trials(storage, location, name, sampler)


def studies(store: Store) -> list[Listed]:
    """Return every study that `bench tune` made in a database, by name; none where optuna has no tables there."""
    if not has_studies(store):
        return []
    with optuna_storage(store.location) as storage, storage_errors(store.location):
        names = optuna.get_all_study_names(storage)
        return [found for name in sorted(names) if (found := _listed(storage, store.location, name))]


def _listed(storage: RDBStorage, location: Location, name: str) -> Listed | None:
    kept = storage.get_study_user_attrs(storage.get_study_id_from_name(name)).get(MARK)
    if kept is None:
        return None
    trials = Trials(storage, location, name, KeyedSampler("random", 0)).all()
    return Listed(name, kept["command"], kept["definition"], tuple(trials))


def _agree(study: optuna.Study, definition: Definition) -> None:
    """Raise BenchError where a study that is there searches something else."""
    kept = study.user_attrs.get(MARK)
    less = study.direction == optuna.study.StudyDirection.MINIMIZE
    if kept is None and not study.trials and less == is_less_better(definition.metric):
        return  # begun just now, here or in another process
    if kept is None:
        raise BenchError(
            f"There is a study {study.study_name!r} that bench did not make.",
            "It has trials of its own, and both would be mixed up.",
            "Take another --name.",
        )
    ours, theirs = definition.data, kept["definition"]
    differing = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
    if differing:
        raise BenchError(
            f"The study {study.study_name!r} searches something else.",
            f"It differs in: {', '.join(differing)}.",
            "Take another --name, or leave it out to have one for each search.",
        )
