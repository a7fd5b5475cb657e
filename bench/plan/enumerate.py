"""Every backbone x strategy that was asked for: counted, held against the budget, and made into runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bench.models.catalogue import catalogue
from bench.models.hub import has_to_be_fetched, hub_url
from bench.plan.backbones import SHORTLIST, Candidate, short_list
from bench.plan.budget import Budget
from bench.plan.count import Progress, count_all, with_head
from bench.plan.downloads import download_bytes
from bench.plan.forecast import worth_keeping
from bench.plan.probe import check_probe
from bench.plan.reading import reading_remarks
from bench.plan.recipes import for_strategy, resolve, suited
from bench.plan.variants import Variant
from bench.records.image_facts import UNSEEN, PixelCounts
from bench.records.runs import Counts, PlannedRun, Rejected
from bench.registry.entries import DatasetEntry
from bench.spec import (
    BackboneSpec,
    BackendName,
    DatasetSpec,
    Features,
    RecipeSpec,
    RunSpec,
    TransformSpec,
    WeightsSpec,
)
from bench.strategies import canonical

PrecisionFor = Callable[[str], str]
BackendFor = Callable[[RunSpec], BackendName]


def eager(_spec: RunSpec) -> BackendName:
    """Compute frozen parts with torch itself."""
    return "eager"


@dataclass(frozen=True)
class Request:
    """What a user asked `plan` or `sweep` for.

    `explicit` says that the strategies were named, so that none is left out as senseless; `shorten` that the short
    list is to be taken of what fits. `kept` says as which numbers frozen activations are kept, `features` whether
    they are at all. Every one of `variants` is a recipe to try. `offline` maps the servers that do not answer to
    why: weights that would have to be fetched from one are left out. `pixels` counts the images that can be read
    in several ways; nothing while the dataset is unseen.
    """

    dataset: DatasetSpec
    entry: DatasetEntry
    candidates: Sequence[Candidate]
    strategies: Sequence[str]
    variants: Sequence[Variant]
    budget: Budget = field(default_factory=Budget)
    seeds: Sequence[int] = (0,)
    explicit: bool = False
    shorten: bool = False
    kept: Literal["fp32", "fp16"] = "fp32"
    offline: Mapping[str, str] = field(default_factory=dict)
    pixels: PixelCounts = UNSEEN
    features: Features = "kept"


@dataclass(frozen=True)
class Choice:
    """A backbone x strategy that fits the budget, with everything its runs share."""

    candidate: Candidate
    strategy: str
    variant: Variant
    recipe: RecipeSpec
    transform: TransformSpec
    counts: Counts
    features: Features = "kept"


@dataclass(frozen=True)
class Plan:
    """What fits, and what does not with the reason."""

    request: Request
    choices: tuple[Choice, ...]
    rejected: tuple[Rejected, ...]

    def runs(
        self, precision_for: PrecisionFor, backend_for: BackendFor = eager, limit: int | None = None
    ) -> list[PlannedRun]:
        """Make the runs of every choice and seed, at most `limit` of them; their specs are final.

        `precision_for` resolves a recipe's precision on the device, and `backend_for` chooses what computes the
        frozen part of a run that has one worth keeping, from the spec that the run has with eager.
        """
        wanted = itertools.islice(itertools.product(self.choices, self.request.seeds), limit)
        return [self._run(choice, seed, precision_for, backend_for) for choice, seed in wanted]

    @property
    def remarks(self) -> list[str]:
        """How images are read that can be read in several ways, a sentence each."""
        return reading_remarks((choice.transform for choice in self.choices), self.request.pixels)

    def _run(self, choice: Choice, seed: int, precision_for: PrecisionFor, backend_for: BackendFor) -> PlannedRun:
        asked = for_strategy(choice.variant.entry, choice.strategy, choice.variant.overrides).precision
        spec = RunSpec.model_validate(
            {
                "dataset": self.request.dataset,
                "backbone": choice.candidate.spec,
                "strategy": choice.strategy,
                "recipe": choice.recipe,
                "transform": choice.transform,
                "seed": seed,
                "precision": precision_for(asked),
                "kept": self.request.kept if worth_keeping(choice.counts) else "fp32",
                "features": choice.features,
            }
        )
        if worth_keeping(choice.counts):
            spec = spec.model_copy(update={"backend": backend_for(spec)})
        return PlannedRun(
            spec,
            choice.counts,
            choice.variant.name,
            choice.candidate.family,
            download_bytes=download_bytes(choice.candidate, choice.counts),
        )


def make_plan(request: Request, progress: Progress | None = None) -> Plan:
    """Count everything that was asked for and hold it against the budget; cheapest training first.

    Raises BenchError for a strategy, recipe or head that is not valid; an architecture that cannot be built is
    among the rejected, with why.
    """
    combined = _combined(request)
    counted = count_all(
        [(c.candidate.spec.name, c.transform.image_size) for c in combined], _asked(request), progress
    )
    rejected = {
        Rejected(c.spec.name, s, c.error): None for c in request.candidates if c.error for s in _asked(request)
    }
    choices: dict[tuple[BackboneSpec, str, RecipeSpec, TransformSpec], Choice] = {}
    for one in combined:
        name, recipe = one.candidate.spec.name, one.recipe
        backbone = counted[name, one.transform.image_size]
        counts = with_head(backbone, one.strategy, recipe.head, request.dataset.num_classes)
        if isinstance(counts, str):
            rejected[Rejected(name, one.strategy, counts)] = None
            continue
        # of what has nothing to keep, recomputing it is no other run
        features: Features = request.features if recipe.keeps and counts.frozen_gmacs else "kept"
        if not recipe.keeps or features == "recomputed":
            counts = replace(counts, frozen_gmacs=0.0)
        if not worth_keeping(counts) and "views" not in one.variant.overrides:
            recipe = recipe.model_copy(update={"views": 0})  # nothing is kept: every epoch may have its own
        reason = _objection(request, one.candidate, one.strategy, counts)
        if reason:
            rejected[Rejected(name, one.strategy, reason, counts)] = None
            continue
        starting = _starting(one.candidate, one.strategy)
        choice = Choice(starting, one.strategy, one.variant, recipe, one.transform, counts, features)
        choices.setdefault((starting.spec, one.strategy, recipe, one.transform), choice)
    chosen = list(choices.values())
    if request.shorten:
        chosen = _shortened(request, chosen, rejected)
    return Plan(request, tuple(sorted(chosen, key=_cost)), tuple(rejected))


@dataclass(frozen=True)
class _Combination:
    """What may become a choice, before it is counted."""

    candidate: Candidate
    strategy: str
    variant: Variant
    recipe: RecipeSpec
    transform: TransformSpec


def _asked(request: Request) -> list[str]:
    return list(dict.fromkeys(canonical(strategy) for strategy in request.strategies))


def _combined(request: Request) -> list[_Combination]:
    """Combine what can be built with every strategy and recipe."""
    recipes = [(s, v, _recipe(request, s, v)) for s in _asked(request) for v in request.variants]
    return [
        _Combination(c, s, v, *resolve(recipe, catalogue().transform(c.spec), request.entry, request.pixels))
        for c in request.candidates
        if not c.error
        for s, v, recipe in recipes
    ]


def _recipe(request: Request, strategy: str, variant: Variant) -> RecipeSpec:
    recipe = for_strategy(variant.entry, strategy, variant.overrides)
    check_probe(recipe, strategy)
    return recipe if "augment" in variant.overrides else suited(recipe, request.entry)


def _cost(choice: Choice) -> tuple[float, float, str]:
    """Order by what training repeats each epoch (nothing, where only the head trains), then by one pass."""
    repeated = choice.recipe.epochs * choice.counts.train_gmacs if choice.counts.trainable_backbone_params else 0.0
    return repeated, choice.counts.gmacs, choice.candidate.spec.name


def _objection(request: Request, candidate: Candidate, strategy: str, counts: Counts) -> str:
    """Say why a model that can be built is left out; empty where it is not."""
    if candidate.spec.weights.source == "none" and strategy != "scratch" and not request.explicit:
        return "has no pretrained weights: only scratch makes sense"
    silent = request.offline and strategy != "scratch" and request.offline.get(hub_url(candidate.spec), "")
    if silent and has_to_be_fetched(candidate.spec):
        return f"its weights are not here, and {silent}"
    return "; ".join(request.budget.reasons(counts))


def _starting(candidate: Candidate, strategy: str) -> Candidate:
    """Take the weights away from what trains from scratch, so that its runs are the same whatever they were."""
    if strategy != "scratch":
        return candidate
    bare = candidate.spec.model_copy(update={"weights": WeightsSpec(source="none")})
    return replace(candidate, spec=bare, download_bytes=None)


def _shortened(request: Request, choices: list[Choice], rejected: dict[Rejected, None]) -> list[Choice]:
    """Keep the short list of the backbones that fit; the others are rejected as not on it."""
    fits = {choice.candidate.spec.name for choice in choices}
    kept = {c.spec.name for c in short_list(request.candidates, sorted(fits))}
    if request.offline and not kept:  # what is on this machine, though nobody would have put it on a short list
        kept = set([c.spec.name for c in request.candidates if c.spec.name in fits][:SHORTLIST])
    for choice in choices:
        if choice.candidate.spec.name not in kept:
            reason = "fits, but is not on the short list (--all takes it)"
            rejected[Rejected(choice.candidate.spec.name, choice.strategy, reason, choice.counts)] = None
    return [choice for choice in choices if choice.candidate.spec.name in kept]
