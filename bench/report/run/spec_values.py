"""The keys and values of a spec as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
