"""The options of the commands as keywords of Python functions."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypedDict

from bench.calls import split_list
from bench.plan.asked import Asked


class PlanKeywords(TypedDict, total=False):
    """The options of `bench plan`, as keywords; names and texts as on the command line."""

    budget: str
    backbones: str | Sequence[str]
    strategies: str | Sequence[str]
    target: str
    groups: Mapping[str, str | os.PathLike[str]]
    layout: str
    list: str | Sequence[str]
    subset: str
    recipe: str | Sequence[str]
    set: Mapping[str, object]
    epochs: int
    image_size: int
    seeds: int
    all: bool
    cache_dtype: str
    skip_damaged: bool
    drop_duplicates: bool


class TrainKeywords(PlanKeywords, total=False):
    """The options of `bench sweep` beside `bench plan`'s, as keywords."""

    download: bool
    backend: str
    cache_budget: str
    workers: int
    keep_checkpoints: bool
    time_limit: str
    retry: str


_RENAMED = {
    "recipe": "recipes",
    "set": "overrides",
    "all": "everything",
    "cache_dtype": "kept",
    "list": "lists",
    "keep_checkpoints": "keep",
}
"""Keyword -> the field that it is."""


def options_of(keywords: Mapping[str, Any], known: type) -> tuple[Asked, dict[str, Any]]:
    """Return the options of a plan, and those of training by the fields of `TrainOptions`.

    Raises TypeError for a keyword that `known`, one of the classes above, does not declare.
    """
    if unknown := keywords.keys() - known.__annotations__.keys():
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
    values = {_RENAMED.get(name, name): _as_typed(name, value) for name, value in keywords.items()}
    plan = {field.name: values.pop(field.name) for field in fields(Asked) if field.name in values}
    return Asked(**plan), values


def _as_typed(name: str, value: Any) -> Any:
    """Write a keyword's value as the command line does: mappings as `key=value`, one text as a list of one."""
    if name == "set" and isinstance(value, Mapping):
        return [f"{key}={_setting(one)}" for key, one in value.items()]
    if name == "groups" and isinstance(value, Mapping):
        return [f"{target}={os.fspath(path)}" for target, path in value.items()]
    if name in ("backbones", "strategies", "recipe", "set", "groups", "list") and isinstance(value, str):
        return [value] if name in ("set", "groups", "list") else split_list(value)
    return value


def _setting(value: Any) -> str:
    """Write a value of a recipe; several values of a key that takes one are tried each."""
    if isinstance(value, str):
        return value
    several = isinstance(value, Sequence) and not any(isinstance(one, str) for one in value)
    return ",".join(map(json.dumps, value)) if several else json.dumps(value)
