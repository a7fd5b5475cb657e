"""Recipes to compare: named ones, and every combination of the values that their keys are given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from bench.errors import RecipeError, unknown_name
from bench.plan.recipes import DROPOUT
from bench.registry.entries import RecipeEntry
from bench.registry.values import read_values
from bench.spec import RecipeSpec


@dataclass(frozen=True)
class Variant:
    """A recipe with the overrides that go before its keys; `told` are those of them that its name tells."""

    entry: RecipeEntry
    overrides: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name it as tables do: `default`, `default lr=0.003`."""
        return " ".join(filter(None, [self.entry.name, told_text(self.told)]))


def variants(
    entries: Sequence[RecipeEntry], settings: Sequence[str], everywhere: Mapping[str, Any] | None = None
) -> list[Variant]:
    """Combine recipes with every combination of `settings` (`lr=1e-3,3e-3`), and with what is set in all of them.

    Raises RecipeError for a text that is no setting.
    """
    combined = grid(parse_settings(settings))
    return [Variant(entry, {**told, **(everywhere or {})}, told) for entry in entries for told in combined]


def grid(values: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return every combination of the values of some keys; of no key, one empty combination."""
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def told_text(told: Mapping[str, Any]) -> str:
    """Write settings as they are typed: `lr=0.003 dropout=0.2`."""
    return " ".join(f"{key}={_short(value)}" for key, value in told.items())


def parse_settings(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Read `lr=1e-2`, `lr=1e-3,1e-2` and `head=["linear"]`: values are JSON where they parse as it, else text."""
    values: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, given = (part.strip() for part in text.partition("="))
        if not equals:
            raise RecipeError(f"Cannot read --set {text!r}.", "It has no '='.", "Write --set lr=1e-2.")
        if name not in (*RecipeSpec.model_fields, DROPOUT):
            raise unknown_name("recipe key", name, [*RecipeSpec.model_fields, DROPOUT], RecipeError)
        values.setdefault(name, []).extend(read_values(given))
    return {name: [v for i, v in enumerate(found) if v not in found[:i]] for name, found in values.items()}


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
