"""What a search found: its best trial, the command that repeats it, and which parameters mattered."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import TrialState

from bench.tune.storage import storage_errors

if TYPE_CHECKING:
    from bench.tune.trials import Trials, Tried

ENOUGH = 10
"""With fewer finished trials than this, importances are noise."""


def importances(trials: Trials) -> dict[str, float]:
    """Return the share of the objective's variance that each parameter explains (fANOVA; Hutter et al. 2014).

    Empty with fewer than `ENOUGH` trials that are done, and where all of them are worth the same. Parameters that
    not every trial has are left out.
    """
    with storage_errors(trials.location):
        study = optuna.load_study(study_name=trials.name, storage=trials.storage)
        done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(done) < ENOUGH or len({trial.value for trial in done}) == 1:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
        fixed = {name for name, distribution in done[0].distributions.items() if distribution.single()}
    finite = {name: float(share) for name, share in found.items() if math.isfinite(share) and name not in fixed}
    return finite if any(finite.values()) else {}


def repeat_command(
    best: Tried, overrides: Mapping[str, Any], told: Sequence[str], recipe: str, seeds: int = 3
) -> str:
    """Write the sweep that repeats a trial with several seeds; its first seed is the trial's own run.

    `overrides` are the recipe's keys that differ from it, and `told` the options that the search was given and a
    sweep takes too (dataset, registry, database, ...).
    """
    words = ["bench", "sweep", *told, "--backbones", best.settings["backbone"]]
    words += ["--strategies", best.settings["strategy"]]
    words += ["--recipe", recipe] if recipe != "default" else []
    for key, value in overrides.items():
        words += ["--set", f"{key}={_written(value)}"]
    return shlex.join([*words, "--seeds", str(seeds)])


def trial_record(trial: Tried) -> dict[str, Any]:
    """Return a trial as plain data."""
    return {
        "number": trial.number,
        "state": trial.end,
        "value": trial.value,
        **({"reason": trial.reason} if trial.reason else {}),
        "settings": dict(trial.settings),
        "run_id": trial.run_id,
    }


def settings_text(settings: Mapping[str, Any]) -> str:
    """Write what a trial tries in a line; its backbone and strategy are said elsewhere."""
    return " ".join(f"{key}={_written(value)}" for key, value in settings.items() if key not in _NAMES)


_NAMES = ("backbone", "strategy")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
