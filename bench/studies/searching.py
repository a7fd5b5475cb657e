"""The search that chose a run of a study: what it varies, what stays as the run has it, what it is known by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bench.plan.backbones import Candidate, choose
from bench.plan.budget import parse_budget
from bench.registry.entries import RecipeEntry
from bench.registry.loading import Registry
from bench.registry.studies import SearchEntry, StudyEntry, StudyRunEntry
from bench.spec import DatasetSpec, Metric
from bench.strategies import canonical
from bench.studies.changes import Changes
from bench.studies.planning import recipe_of
from bench.tune.sampler import SamplerName
from bench.tune.space import Space, make_space
from bench.tune.study import Definition

METRIC: Metric = "val_top1"
"""What a study's search goes by; it hears of no other split."""

SAMPLER: SamplerName = "tpe"
"""What optuna takes where a source names none. The proposals have seed 0."""


@dataclass(frozen=True)
class StudySearch:
    """A study's search under its changes. `fixed` are the recipe's keys that every trial has."""

    study: StudyEntry
    entry: SearchEntry
    run: StudyRunEntry
    candidate: Candidate
    recipe: RecipeEntry
    fixed: Mapping[str, Any]
    space: Space

    def definition(self, data: DatasetSpec, kept: Literal["fp32", "fp16"], backend: str) -> Definition:
        """Say what the search is, all that its trials depend on."""
        request = {
            "dataset": data.model_dump(mode="json"),
            "budget": dict(parse_budget(self.study.budget).limits),
            "kept": kept,
            "recipe": self.recipe.model_dump(mode="json", exclude={"space", "strategy_space", "note"}),
            "fixed": dict(self.fixed),
            "backbones": {self.candidate.spec.name: self.candidate.spec.model_dump(mode="json")},
            "backend": backend,
        }
        return Definition(self.space.described, METRIC, SAMPLER, 0, prune=False, request=request)

    def name(self, definition: Definition) -> str:
        """Name it among the searches of a database: the study, the run, and digits of the definition's hash."""
        return f"{self.study.name}-{self.run.name}-{definition.short_hash}"


def study_search(registry: Registry, study: StudyEntry, changes: Changes) -> StudySearch | None:
    """Return a study's search; None where it has none, and where changes set every key that it searches.

    Raises BenchError for a space that cannot be searched.
    """
    if study.search is None:
        return None
    run = next(run for run in study.runs if run.name == study.search.run)
    texts = {key: text for key, text in study.search.space.items() if key not in changes.overrides()}
    if not texts:
        return None
    settings = {key: value for key, value in recipe_of(study, run, changes).items() if key not in texts}
    fixed = json.loads(json.dumps(settings))  # as it is read back: lists, no tuples
    candidate = choose(registry, [changes.backbone(run.backbone)])[0]
    recipe = RecipeEntry(name=f"{study.name}/{run.name}")
    space = make_space(recipe, fixed, [candidate.spec.name], [canonical(run.strategy)], texts)
    return StudySearch(study, study.search, run, candidate, recipe, fixed, space)
