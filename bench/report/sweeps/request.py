"""What a sweep was asked for, in words: whatever version of bench recorded the request, what it says is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.records.runs import SweepRecord

LONGEST = 600
"""Characters of one answer; a longer one is cut, and `bench sweeps N --json` has it whole."""

Facts = list[tuple[str, str]]


def asked_for(record: SweepRecord) -> Facts:
    """Return (term, words) of everything that is known of a request, most important first."""
    request = record.request
    facts: Facts = [("Dataset", _dataset(record)), ("Budget", record.budget or "none")]
    tune = request.get("tune")
    source = tune if isinstance(tune, Mapping) else request
    for key, (term, write) in _KNOWN.items():
        if key in source and (said := write(source[key])):
            facts.append((term, said))
    known = {*_KNOWN, "dataset", "budget", "asked", "tune"}
    facts += [(name, _plain(value)) for name, value in source.items() if name not in known and not _empty(value)]
    if isinstance(tune, Mapping) and "study" in request:
        facts.append((_KNOWN["study"][0], _study(request["study"])))
    return [(term, _cut(said)) for term, said in [*facts, *_asked(request.get("asked"), facts)]]


def _plain(value: Any) -> str:
    """Write data as briefly as it can be read."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_plain(inner)}" for key, inner in value.items() if not _empty(inner))
    if isinstance(value, Sequence):
        return ", ".join(map(_plain, value))
    return json.dumps(value) if isinstance(value, (bool, int, float)) or value is None else str(value)


def _empty(value: Any) -> bool:
    return (
        value is None or value is False or value == "" or (isinstance(value, (Mapping, list, tuple)) and not value)
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... (cut)"


def _dataset(record: SweepRecord) -> str:
    tune = record.request.get("tune")
    found = record.request.get("dataset") or (tune.get("dataset") if isinstance(tune, Mapping) else None)
    if not isinstance(found, Mapping):
        return record.dataset
    parts = [record.dataset]
    if (target := found.get("target")) and target != "label":
        parts.append(f"target {target}")
    if subset := found.get("subset"):
        parts.append(f"only {_plain(subset)}")
    return ", ".join(parts)


def _asked(asked: Any, facts: Facts) -> Facts:
    """Return what the user named that the resolved request does not say."""
    if not isinstance(asked, Mapping):
        return []
    said = {term for term, _ in facts}
    named = (("backbones", "Backbones"), ("everything", "All backbones"), ("epochs", "Epochs"))
    more = (("image_size", "Image size"), ("overrides", "Set"))
    new = [(key, term) for key, term in (*named, *more) if term not in said]
    return [(term, _plain(asked[key])) for key, term in new if not _empty(asked.get(key))]


def _names(value: Any) -> str:
    """Write what may be one thing, many, or a mapping from many: `backbones` are all three in requests."""
    if isinstance(value, Mapping):
        return ", ".join(map(str, value))
    if isinstance(value, str) or not isinstance(value, Sequence):
        return _plain(value)
    return ", ".join(map(_plain, value))


def _recipes(value: Any) -> str:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return _plain(value)
    said = []
    for recipe in value:
        if not isinstance(recipe, Mapping):
            said.append(_plain(recipe))
            continue
        changed = recipe.get("overrides") or {}
        words = _plain(changed)
        said.append(f"{recipe.get('name', 'unnamed')}{f' with {words}' if changed else ''}")
    return "; ".join(said)


def _seeds(value: Any) -> str:
    """Write seeds as a count where they are the first ones, as they are when a number was asked for."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return _plain(value)
    return str(len(value)) if list(value) == list(range(len(value))) else _names(value)


def _study(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _plain(value)
    changes = value.get("changes") or {}
    return f"{value.get('name', '')}{f', changed: {_plain(changes)}' if changes else ''}"


def _flag(words: str) -> Callable[[Any], str]:
    return lambda value: words if value else ""


def _pairs(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _plain(value)
    return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())


_KNOWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "study": ("Study", _study),
    "backbones": ("Backbones", _names),
    "strategies": ("Strategies", _names),
    "recipes": ("Recipes", _recipes),
    "recipe": ("Recipe", lambda value: _plain(value.get("name", value) if isinstance(value, Mapping) else value)),
    "seeds": ("Seeds", _seeds),
    "space": ("Searched", _pairs),
    "metric": ("To optimise", _plain),
    "sampler": ("Sampler", _plain),
    "seed": ("Seed of the proposals", _plain),
    "fixed": ("Set", _pairs),
    "limit": ("Limit", lambda value: "" if value is None else f"the first {_plain(value)} runs, cheapest first"),
    "prune": ("Pruning", _flag("hopeless runs end early (successive halving on validation)")),
    "short_list": ("Short list", _flag("about eight backbones of different families, since none were named")),
    "kept": ("Activations kept as", _plain),
    "backend": ("Backend", _plain),
}
"""Keys of a request -> what they are called, and how they are written; what is written as nothing is left out."""
