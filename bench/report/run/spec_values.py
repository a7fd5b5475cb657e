"""Values of a spec as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain_value(value: Any) -> str:
    """Write a value of a spec on one line."""
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{key} {plain_value(inner)}" for key, inner in value.items() if inner is not None)
            + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(plain_value(inner) for inner in value) + "]"
    return str(value) if value != "" else "-"
