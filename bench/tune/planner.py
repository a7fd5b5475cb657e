"""From a proposal to the run that it is, counted and held against the budget before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bench.errors import RecipeError
from bench.plan.backbones import Candidate
from bench.plan.budget import Budget, quantity_of
from bench.plan.enumerate import Plan, Request, make_plan
from bench.plan.recipes import for_strategy
from bench.plan.variants import Variant
from bench.records.image_facts import UNSEEN, PixelCounts
from bench.records.runs import Counts, PlannedRun
from bench.registry.entries import DatasetEntry, RecipeEntry
from bench.registry.search_keys import overrides
from bench.spec import BackboneSpec, DatasetSpec, Features
from bench.tune.space import Proposal

UNKNOWN_EXCESS = 1.0
"""How far from the budget a model is said to be that cannot be counted at all."""


@dataclass(frozen=True)
class Infeasible:
    """Why a proposal is not trained, and by which share it exceeds the budget (above 0)."""

    reason: str
    over: float


@dataclass(frozen=True)
class Planner:
    """Plans the runs of one search.

    `fixed` are the recipe's keys that a user set; `runs` makes a plan's runs; `pixels` counts the images that can
    be read in several ways.
    """

    dataset: DatasetSpec
    entry: DatasetEntry
    candidates: Mapping[str, Candidate]
    recipe: RecipeEntry
    fixed: Mapping[str, Any]
    budget: Budget
    kept: Literal["fp32", "fp16"]
    runs: Callable[[Plan], list[PlannedRun]]
    pixels: PixelCounts = UNSEEN
    features: Features = "kept"

    def plan(self, proposal: Proposal) -> PlannedRun | Infeasible:
        """Make the run of a proposal, with seed 0, or say why there is none."""
        try:
            plan = make_plan(self._request(proposal))
        except RecipeError as error:  # single values were checked before; some do not go together
            return Infeasible(f"{error.what} {error.why}", UNKNOWN_EXCESS)
        if plan.choices:
            return self.runs(plan)[0]
        rejected = plan.rejected[0]
        return Infeasible(rejected.reason, self._excess(rejected.counts))

    def _request(self, proposal: Proposal) -> Request:
        base = for_strategy(self.recipe, proposal.strategy, self.fixed)
        changed = {**self.fixed, **overrides(proposal.settings, base)}
        return Request(
            dataset=self.dataset,
            entry=self.entry,
            candidates=[self.candidates[proposal.backbone]],
            strategies=[proposal.strategy],
            variants=[Variant(self.recipe, changed, dict(proposal.settings))],
            budget=self.budget,
            explicit=True,
            kept=self.kept,
            pixels=self.pixels,
            features=self.features,
        )

    def _excess(self, counts: Counts | None) -> float:
        if counts is None:
            return UNKNOWN_EXCESS
        shares = (quantity_of(counts, quantity) / limit - 1 for quantity, limit in self.budget.limits if limit)
        return max((share for share in shares if share > 0), default=UNKNOWN_EXCESS)


def named(candidates: list[Candidate], known: Callable[[str], BackboneSpec]) -> dict[str, Candidate]:
    """Name each backbone as `--backbones` takes it: with its weights where they are not those that it usually has.

    `known` returns what a bare name means.
    """
    return {_text(candidate.spec, known): candidate for candidate in candidates}


def _text(spec: BackboneSpec, known: Callable[[str], BackboneSpec]) -> str:
    if known(spec.name) == spec:
        return spec.name
    weights = spec.weights
    where = {"none": "none", "file": f"file:{weights.path}", "pip": f"pip:{weights.location}"}
    return f"{spec.name}@{where.get(weights.source, weights.tag)}"
