"""A run's spec for people: its keys in groups, each value on one line, and which of them are defaults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, Spec, TransformSpec
from bench.units import DASH

_GROUPS = {
    "Data": ("dataset",),
    "Model": ("backbone", "strategy", "recipe.head", "recipe.drop_path", "recipe.norm_stats"),
    "Images": (
        "transform",
        "recipe.image_size",
        "recipe.interpolation",
        "recipe.crop_pct",
        "recipe.exif",
        "recipe.ground",
        "recipe.value_range",
        "recipe.augment",
        "recipe.views",
    ),
    "Schedule and stopping": ("recipe.schedule", "recipe.early_stopping", "recipe.select", "recipe.best_on_test"),
    "Training": ("recipe",),
}
_DIGEST = re.compile("[0-9a-f]{64}")
_REST = "Run"
_PARENTS = ("dataset.", "backbone.", "transform.", "recipe.")


@dataclass(frozen=True)
class SpecEntry:
    """One key of a spec, dotted (`recipe.schedule.kind`); `name` is its last parts, as they read in its group."""

    key: str
    name: str
    text: str
    default: bool

    @property
    def digest(self) -> bool:
        """Whether it is a SHA-256, of which the first digits tell enough."""
        return _DIGEST.fullmatch(self.text) is not None


@dataclass(frozen=True)
class SpecGroup:
    """The keys that are about one thing."""

    title: str
    entries: tuple[SpecEntry, ...]


def spec_groups(spec: Mapping[str, Any]) -> list[SpecGroup]:
    """Group every key of a spec; what another version of bench wrote is there too, and is no default."""
    found: dict[str, list[SpecEntry]] = {title: [] for title in (*_GROUPS, _REST)}
    for entry in spec_entries(spec):
        found[_group(entry.key)].append(entry)
    order = ("Data", "Model", "Training", "Schedule and stopping", "Images", _REST)
    return [SpecGroup(title, tuple(found[title])) for title in order if found[title]]


def spec_entries(spec: Mapping[str, Any]) -> Iterable[SpecEntry]:
    """Write each key of a spec."""
    for key, value in flat(spec):
        default = key in _defaults() and _defaults()[key] == _listed(value)
        yield SpecEntry(key, _name(key), DASH if value in (None, "", []) else plain_value(value), default)


def flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """List the keys of a record of records, dotted, with their values."""
    found: list[tuple[str, Any]] = []
    for key, inner in value.items():
        found += flat(inner, f"{prefix}{key}.") if isinstance(inner, Mapping) else [(f"{prefix}{key}", inner)]
    return found


def plain_value(value: Any) -> str:
    """Write a value of a spec on one line."""
    if isinstance(value, Mapping):
        parts = (f"{key} {plain_value(inner)}" for key, inner in value.items() if inner is not None)
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(plain_value(inner) for inner in value) + "]"
    return str(value) if value != "" else "-"


def _group(key: str) -> str:
    begins = ((len(start), title) for title, starts in _GROUPS.items() for start in starts if _within(key, start))
    return max(begins, default=(0, _REST))[1]


def _within(key: str, start: str) -> bool:
    return key == start or key.startswith(f"{start}.")


def _name(key: str) -> str:
    """Leave the record out of a key's name, unless a transform has the same key."""
    if key.startswith("recipe.") and _group(key) == "Images":
        return key
    return key.removeprefix(next((start for start in _PARENTS if key.startswith(start)), ""))


@cache
def _defaults() -> dict[str, Any]:
    """Return the default of each key; the seed, which distinguishes runs, has none."""
    parts: dict[str, type[Spec]]
    parts = {"dataset": DatasetSpec, "recipe": RecipeSpec, "transform": TransformSpec, "backbone": BackboneSpec}
    spec = {**_of_record(RunSpec), **{name: _of_record(record) for name, record in parts.items()}}
    return {key: _listed(value) for key, value in flat(spec) if key != "seed"}


def _of_record(record: type[Spec]) -> dict[str, Any]:
    fields = {name: field.default for name, field in record.model_fields.items() if not field.is_required()}
    return {name: value.model_dump() if isinstance(value, Spec) else value for name, value in fields.items()}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
