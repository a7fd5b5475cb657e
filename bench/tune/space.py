"""The space of a search: which backbones and strategies, and what each strategy's keys may be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.errors import RecipeError, unknown_name
from bench.plan.probe import check_probe
from bench.plan.recipes import for_strategy
from bench.registry.entries import RecipeEntry
from bench.registry.search_domains import Choices, Domain, Range
from bench.registry.search_keys import ELSEWHERE, KEYS, overrides, read_space, setting_of
from bench.spec import RecipeSpec

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Proposal:
    """One point of a space: what a trial tries."""

    backbone: str
    strategy: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Space:
    """What is searched. `keys` are each strategy's own: a good learning rate depends on what trains."""

    backbones: tuple[str, ...]
    keys: Mapping[str, Mapping[str, Domain]]

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies, in the order they were asked for."""
        return tuple(self.keys)

    def parameter(self, key: str, strategy: str) -> str:
        """Name a strategy's key among the study's parameters: one that strategies differ in is each one's own."""
        domains = {str(keys[key]) for keys in self.keys.values() if key in keys}
        return key if len(domains) == 1 else f"{key} of {strategy}"

    @property
    def described(self) -> dict[str, str]:
        """Every parameter and its domain, as text."""
        found = {"backbone": ",".join(self.backbones), "strategy": ",".join(self.strategies)}
        for strategy, keys in self.keys.items():
            found |= {self.parameter(key, strategy): str(domain) for key, domain in keys.items()}
        return found

    @property
    def size(self) -> float:
        """How many points it has; infinite where a key has a range."""
        points = (
            math.prod(len(domain.values) if isinstance(domain, Choices) else math.inf for domain in keys.values())
            for keys in self.keys.values()
        )
        return len(self.backbones) * sum(points)


def split_space(texts: Sequence[str]) -> dict[str, str]:
    """Read `--space` texts as `key -> domain`. Raises RecipeError for an unknown key and for one given twice."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, domain = (part.strip() for part in text.partition("="))
        if not equals or not domain:
            raise RecipeError(
                f"Cannot read --space {text!r}.", "It says no KEY=VALUES.", "Write --space lr=log:1e-4..1e-1."
            )
        if key not in (*KEYS, *ELSEWHERE):
            raise unknown_name("search key", key, [*KEYS, *ELSEWHERE], RecipeError)
        if key in found:
            raise RecipeError(f"--space has {key} twice.", "A key has one domain.", "Leave one of them out.")
        found[key] = domain
    return found


def make_space(
    entry: RecipeEntry,
    fixed: Mapping[str, Any],
    backbones: Iterable[str],
    strategies: Iterable[str],
    asked: Texts | None = None,
) -> Space:
    """Put a space together: of what is `asked`, else of the recipe's own space, else around the recipe.

    `fixed` are the keys that the user set; they are not searched. Raises RecipeError for what cannot be searched.
    """
    keys = {}
    for strategy in strategies:
        recipe = for_strategy(entry, strategy, fixed)
        texts = asked or {k: v for k, v in usual_space(entry, strategy, recipe).items() if _is_free(k, fixed)}
        keys[strategy] = read_space(texts)
        _check(entry, strategy, fixed, keys[strategy], recipe)
    return Space(tuple(dict.fromkeys(backbones)), keys)


def starting_point(space: Space, recipe: RecipeSpec) -> dict[str, Any]:
    """Return what the first strategy's recipe has for its parameters, where the space holds it."""
    strategy = space.strategies[0]
    found = {"backbone": space.backbones[0], "strategy": strategy}
    for key, domain in space.keys[strategy].items():
        value = setting_of(key, recipe)
        if isinstance(domain, Choices) and value in domain.values:
            found[space.parameter(key, strategy)] = domain.labels[domain.values.index(value)]
        elif isinstance(domain, Range) and value is not None and domain.low <= value <= domain.high:
            found[space.parameter(key, strategy)] = value
    return found


def usual_space(entry: RecipeEntry, strategy: str, recipe: RecipeSpec) -> dict[str, str]:
    """Return what is searched where a user says nothing: the recipe's space and what its strategy adds to it.

    A recipe that names none is searched a decade around its learning rate, in weight decay and in dropout.
    """
    parts = [part.partition("(")[0] for part in strategy.split("+")]
    special = next((entry.strategy_space[part] for part in parts if part in entry.strategy_space), {})
    around = f"log:{recipe.lr / 10:.3g}..{recipe.lr * 10:.3g}"
    return {**(entry.space or {"lr": around, "weight_decay": "log", "dropout": "default"}), **special}


def _is_free(key: str, fixed: Mapping[str, Any]) -> bool:
    """Say whether a key of a usual space is still to be searched: a user who sets the head sets its dropout."""
    return key not in fixed and not (key == "dropout" and "head" in fixed)


SETS = {"image_size": "--image-size", "epochs": "--epochs"}
"""Keys that have an option of their own, which sets them as --set does the others."""


def _check(
    entry: RecipeEntry, strategy: str, fixed: Mapping[str, Any], keys: Mapping[str, Domain], recipe: RecipeSpec
) -> None:
    """Raise RecipeError where a key is set as well as searched, or does not go with the recipe's other keys."""
    for key, domain in keys.items():
        if key in fixed:
            raise RecipeError(
                f"{key} is both searched and set.",
                "What is set stays as it is.",
                f"Leave {key} out of --space, or leave {SETS.get(key, f'--set {key}')} out.",
            )
        values = domain.values if isinstance(domain, Choices) else (domain.value(domain.low),)
        for value in values:
            tried = for_strategy(entry, strategy, {**fixed, **overrides({key: value}, recipe)})
            check_probe(tried, strategy)
