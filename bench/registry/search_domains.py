"""What one key may be in a search: a few values, or a range on a linear or a logarithmic scale.

As text: `adam,sgd`, `0..0.5`, `log:1e-4..1e-1` (`log 1e-4..1e-1` is the same), `160,224`, and lists as JSON,
`[],["horizontal_flip"]`.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from bench.errors import RecipeError
from bench.registry.values import read_values

DIGITS = 3
"""Significant digits of a value drawn from a range: more would change no result, and no table could show them."""

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"(?:(log)(?:\s*:\s*|\s+))?({_NUMBER})\s*\.\.\s*({_NUMBER})", re.ASCII)

Kind = Literal["number", "whole", "word", "list"]


@dataclass(frozen=True)
class Choices:
    """Some values, each with the text that stands for it."""

    values: tuple[Any, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as texts, in their order: what optuna is given to choose from."""
        return tuple(value if isinstance(value, str) else json.dumps(value) for value in self.values)

    def value(self, label: str) -> Any:
        """Return the value that a text stands for."""
        return self.values[self.labels.index(label)]

    def __str__(self) -> str:
        return ",".join(self.labels)


@dataclass(frozen=True)
class Range:
    """Every number from `low` to `high`, both included; `whole` ones only where that is said."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def value(self, drawn: float) -> float | int:
        """Round what was drawn to `DIGITS` significant digits, within the range."""
        if self.whole:
            return int(drawn)
        return min(max(float(f"{drawn:.{DIGITS}g}"), self.low), self.high)

    def __str__(self) -> str:
        return f"{'log:' if self.log else ''}{self.low:.12g}..{self.high:.12g}"


Domain = Choices | Range


def parse_domain(key: str, text: str, kind: Kind) -> Domain:
    """Read what a key may be. Raises RecipeError for what cannot be read, and for an empty range."""
    found = _RANGE.fullmatch(text.strip())
    if found:
        return _range(key, text, kind, found)
    if ".." in text or text.strip().startswith("log"):
        raise _unreadable(key, text, "It is neither a range nor a list of values.", kind)
    values = tuple(_read(key, text, value, kind) for value in read_values(text))
    return Choices(tuple(value for i, value in enumerate(values) if value not in values[:i]))


def _range(key: str, text: str, kind: Kind, found: re.Match[str]) -> Range:
    if kind not in ("number", "whole"):
        raise _unreadable(key, text, "What is no number has no range.", kind)
    low, high, log = float(found[2]), float(found[3]), found[1] is not None
    if not low < high or math.isinf(high):
        raise _unreadable(key, text, "The range is empty: the lower end stands first.", kind)
    if log and low <= 0:
        raise _unreadable(key, text, "A logarithmic range begins above 0.", kind)
    if kind == "whole" and not (low.is_integer() and high.is_integer()):
        raise _unreadable(key, text, "It takes whole numbers only.", kind)
    return Range(low, high, log, kind == "whole")


def _read(key: str, text: str, value: Any, kind: Kind) -> Any:
    """Return a value as its kind has it."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    fits = {
        "number": number,
        "whole": number and float(value).is_integer(),
        "word": isinstance(value, str) and value != "",
        "list": isinstance(value, list) and all(isinstance(item, str) for item in value),
    }
    if not fits[kind]:
        raise _unreadable(key, text, f"{json.dumps(value)} is no {_NAMES[kind]}.", kind)
    return {"number": float, "whole": int, "word": str, "list": list}[kind](value)


_NAMES = {"number": "number", "whole": "whole number", "word": "word", "list": "list of texts"}

_EXAMPLES = {
    "lr": "log:1e-4..1e-1",
    "weight_decay": "log:1e-6..1e-2",
    "schedule": "cosine,constant",
    "image_size": "160,224",
    "augment": '[],["horizontal_flip"]',
}
_OF_KIND = {
    "number": "0..0.5",
    "whole": "16,32,64",
    "word": "adam,sgd",
    "list": '["linear"],["dropout(0.2)","linear"]',
}


def _unreadable(key: str, text: str, why: str, kind: Kind) -> RecipeError:
    example = _EXAMPLES.get(key, _OF_KIND[kind])
    return RecipeError(f"Cannot search {key}={text}.", why, f"Write --space '{key}={example}'.")
