"""What can be searched, what each key is where nothing is said, and what it sets in a recipe."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bench.augment.augmentations import canonical_augment
from bench.errors import RecipeError, unknown_name
from bench.models.head import canonical_head, with_dropout
from bench.registry.search_domains import Choices, Domain, Kind, Range, parse_domain
from bench.spec import RecipeSpec, ScheduleSpec


@dataclass(frozen=True)
class Key:
    """A key: what its values are, and the domain that it has where only its scale is named (empty: none)."""

    kind: Kind
    usual: str = ""


KEYS: dict[str, Key] = {
    "lr": Key("number", "log:1e-4..1e-1"),
    "weight_decay": Key("number", "log:1e-6..1e-2"),
    "optimizer": Key("word", "adam,adamw,sgd,rmsprop"),
    "momentum": Key("number", "0.5..0.99"),
    "dropout": Key("number", "0..0.5"),
    "schedule": Key("word", "cosine,constant"),
    "label_smoothing": Key("number", "0..0.2"),
    "drop_path": Key("number", "0..0.3"),
    "clip_grad_norm": Key("number", "log:0.1..10"),
    "batch_size": Key("whole", "16,32,64,128"),
    "epochs": Key("whole", "5..50"),
    "image_size": Key("whole"),
    "augment": Key("list"),
    "views": Key("whole"),
    "head": Key("list"),
}
"""`dropout` is the rate of every dropout in the head, which gets one before its classification layer where it has
none; `schedule` is the kind, and what else the recipe says of its schedule stays. The others are the recipe's."""

ELSEWHERE = ("strategy", "backbone")
"""What `--space` takes too, though it is no key of a recipe."""

_USUAL = ("log", "categorical", "default")
"""Words that mean a key's usual domain, as studies print them."""

_WORDS: dict[str, tuple[str, ...]] = {
    "optimizer": tuple(
        name for name in typing.get_args(RecipeSpec.model_fields["optimizer"].annotation) if name != "lbfgs"
    ),
    "schedule": typing.get_args(ScheduleSpec.model_fields["kind"].annotation),
}


def read_space(texts: Mapping[str, str]) -> dict[str, Domain]:
    """Read `key -> domain as text`. Raises RecipeError for an unknown key, and for a value that it cannot have."""
    return {key: _domain(key, text) for key, text in texts.items()}


def overrides(settings: Mapping[str, Any], recipe: RecipeSpec) -> dict[str, Any]:
    """Return what settings change in a recipe, as `--set` would have it."""
    changed = {key: value for key, value in settings.items() if key not in ("dropout", "schedule")}
    if "dropout" in settings:
        changed["head"] = list(with_dropout(settings.get("head", recipe.head), settings["dropout"]))
    if "schedule" in settings:
        changed["schedule"] = {**recipe.schedule.model_dump(mode="json"), "kind": settings["schedule"]}
    return changed


def setting_of(key: str, recipe: RecipeSpec) -> Any:
    """Return what a recipe has for a key; None where it has nothing."""
    if key == "schedule":
        return recipe.schedule.kind
    if key == "dropout":
        rates = [layer for layer in canonical_head(recipe.head) if layer.startswith("dropout")]
        return float(rates[0].removeprefix("dropout(").rstrip(")")) if rates else None
    value = getattr(recipe, key)
    return list(value) if isinstance(value, tuple) else value


def _domain(key: str, text: str) -> Domain:
    if key not in KEYS:
        raise unknown_name("search key", key, [*KEYS, *ELSEWHERE], RecipeError)
    known = KEYS[key]
    if text.strip() in _USUAL:
        if not known.usual:
            raise RecipeError(
                f"Cannot search {key}={text}.",
                f"{key} has no usual values.",
                f"Name some, as in --space {key}=160,224." if key == "image_size" else "Name some.",
            )
        text = known.usual
    domain = parse_domain(key, text, known.kind)
    for value in domain.values if isinstance(domain, Choices) else _ends(domain):
        _check(key, value)
    return domain


def _ends(domain: Range) -> tuple[float | int, ...]:
    return domain.value(domain.low), domain.value(domain.high)


def _check(key: str, value: Any) -> None:
    """Raise RecipeError for a value that no recipe can have."""
    if key in _WORDS and value not in _WORDS[key]:
        raise unknown_name(key, value, _WORDS[key], RecipeError)
    if key == "dropout":
        canonical_head([f"dropout({value})"])
    elif key == "head":
        canonical_head(value)
    elif key == "augment":
        canonical_augment(tuple(value))
    elif key not in _WORDS:
        try:
            RecipeSpec.model_validate({key: value})
        except ValidationError as error:
            why = f"{error.errors()[0]['msg']}."
            raise RecipeError(
                f"Cannot search {key} at {value}.", why, "Narrow the range, or leave the value out."
            ) from error
