"""The command line's words for a search, looked up: its recipe, what is fixed, what is searched."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import RecipeError
from bench.plan.asked import Asked
from bench.plan.backbones import Candidate, choose
from bench.plan.enumerate import Plan
from bench.plan.variants import parse_settings
from bench.registry.entries import RecipeEntry, StrategyEntry
from bench.registry.loading import Registry
from bench.registry.search_domains import Choices, Domain
from bench.registry.values import read_values
from bench.spec import BackboneSpec
from bench.strategies import canonical
from bench.tune.planner import named
from bench.tune.space import Space, make_space, split_space

COUNTED = ("image_size", "head")
"""The searched keys that a model's counts depend on."""


@dataclass(frozen=True)
class Words:
    """What was asked for: `asked` as a plan takes it, the recipe, the keys that are set, the space so far.

    The space knows its backbones once it is known what fits (`fitting`).
    """

    asked: Asked
    recipe: RecipeEntry
    fixed: Mapping[str, Any]
    space: Space

    @property
    def plan(self) -> Asked:
        """What to plan in order to know what fits: every image size and head that may be tried."""
        searched = self.space.keys.values()
        settings = {key: _some(keys[key]) for keys in searched for key in COUNTED if key in keys}
        sets = [f"{key}={','.join(json.dumps(value) for value in values)}" for key, values in settings.items()]
        return replace(self.asked, overrides=[*self.asked.overrides, *sets])

    def fitting(self, registry: Registry, plan: Plan) -> tuple[Space, dict[str, Candidate]]:
        """Return the space of what fits, and its backbones by the names that it has for them."""
        fit = {choice.candidate.spec.name for choice in plan.choices}
        candidates = [c for c in plan.request.candidates if c.spec.name in fit and not c.error]
        backbones = named(candidates, lambda name: _usual(registry, name))
        strategies = {choice.strategy for choice in plan.choices}
        keys = {strategy: keys for strategy, keys in self.space.keys.items() if strategy in strategies}
        return Space(tuple(backbones), keys), backbones


def read_words(registry: Registry, asked: Asked, space: Sequence[str]) -> Words:
    """Look up what a search is asked for. Raises BenchError for what does not exist or cannot be searched."""
    texts = split_space(space)
    asked = replace(
        asked,
        backbones=_either("backbone", asked.backbones, texts),
        strategies=_either("strategy", asked.strategies, texts),
    )
    strategies = asked.strategies or [entry.name for entry in registry.all(StrategyEntry) if entry.default]
    recipe, fixed = registry.get(RecipeEntry, asked.recipes[0]), _fixed(asked)
    keys = {key: text for key, text in texts.items() if key not in ("backbone", "strategy")}
    made = make_space(recipe, fixed, (), [canonical(strategy) for strategy in strategies], keys)
    return Words(asked, recipe, fixed, made)


def _fixed(asked: Asked) -> dict[str, Any]:
    """Return the recipe's keys that were set. Raises RecipeError where one has several values."""
    settings = parse_settings(asked.overrides)
    for key, values in settings.items():
        if len(values) > 1:
            text = ",".join(value if isinstance(value, str) else json.dumps(value) for value in values)
            raise RecipeError(
                f"--set {key} has {len(values)} values.",
                "What is set is the same for every trial.",
                f"Search it instead: --space '{key}={text}'",
            )
    given = {"epochs": asked.epochs, "image_size": asked.image_size}
    also = {key: value for key, value in given.items() if value is not None}
    return {key: values[0] for key, values in settings.items()} | also


def _either(key: str, given: Sequence[str], texts: Mapping[str, str]) -> Sequence[str]:
    """Return the names of backbones or strategies, which an option or `--space` may say."""
    if key in texts and given:
        option = {"backbone": "--backbones", "strategy": "--strategies"}[key]
        raise RecipeError(
            f"{option} and --space {key} both say it.", "They mean the same.", "Leave one of them out."
        )
    return [str(name) for name in read_values(texts[key])] if key in texts else given


def _some(domain: Domain) -> list[Any]:
    if isinstance(domain, Choices):
        return list(domain.values)
    return [domain.value(domain.low), domain.value(domain.high)]


def _usual(registry: Registry, name: str) -> BackboneSpec:
    return choose(registry, [name])[0].spec
