"""What proposes: optuna's samplers, drawing by (seed, trial, parameter).

optuna's own keep one stream of random numbers, which a process that goes on with a study would begin again. Here
each draw has its own, so a search that was killed proposes what it would have proposed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from bench.errors import BenchError, unknown_name
from bench.random_keys import key

SamplerName = Literal["tpe", "random", "gp"]
SAMPLERS: tuple[SamplerName, ...] = get_args(SamplerName)

OVER_BUDGET = "over_budget"
"""The user attribute, and the constraint, that says by which share a trial exceeds the budget."""

MARKS_ITSELF = hasattr(optuna.trial.Trial, "set_constraint")
"""Since optuna 5 a trial is told its constraint; before, the sampler is told how to find it."""


def sampler_name(text: str) -> SamplerName:
    """Read a sampler's name. Raises BenchError for one that there is not."""
    found = next((name for name in SAMPLERS if name == text), None)
    if found is None:
        raise unknown_name("sampler", text, SAMPLERS, BenchError)
    return found


class KeyedSampler(BaseSampler):
    """Asks a new sampler for each draw. The first trial takes what `first` says, which the domains must hold."""

    def __init__(self, name: SamplerName, seed: int, first: Mapping[str, Any] | None = None) -> None:
        self.make, self.seed, self.first = _MAKERS[name], seed, first or {}

    def _keyed(self, trial: FrozenTrial, purpose: str) -> BaseSampler:
        return self.make(key(self.seed, purpose, trial.number) % 2**32)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that are drawn together: those that every finished trial has."""
        return self._keyed(trial, "together").infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw them, once for each trial: of what it noted itself a sampler thinks that it is another trial's."""
        drawn = _drawn_together(trial)
        if drawn is not None:
            return drawn
        return self._keyed(trial, "together").sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one parameter by itself."""
        if trial.number == 0 and param_name in self.first:
            return self.first[param_name]
        return self._keyed(trial, param_name).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Let the sampler note a trial's constraints, where that is its task."""
        self._keyed(trial, "after").after_trial(study, trial, state, values)


def _drawn_together(trial: FrozenTrial) -> dict[str, Any] | None:
    """Return what a sampler has noted of a trial for others to see; None where it notes nothing, or not all."""
    parts = {key: value for key, value in trial.system_attrs.items() if "relative_params:" in key}
    ordered = sorted(parts, key=lambda name: int(name.rpartition(":")[2]))
    try:
        drawn: dict[str, Any] = json.loads("".join(parts[name] for name in ordered))
    except ValueError:
        return None
    return drawn


def _constraints() -> dict[str, Any]:
    if MARKS_ITSELF:
        return {}
    return {"constraints_func": lambda trial: (trial.user_attrs.get(OVER_BUDGET, 0.0),)}


def _tpe(seed: int) -> BaseSampler:
    """Make a multivariate TPE for which trials at work count as bad, so that no two try the same."""
    return optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True, **_constraints())


def _gp(seed: int) -> BaseSampler:
    return optuna.samplers.GPSampler(seed=seed, **_constraints())


def _random(seed: int) -> BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


_MAKERS: dict[SamplerName, Callable[[int], BaseSampler]] = {"tpe": _tpe, "random": _random, "gp": _gp}
