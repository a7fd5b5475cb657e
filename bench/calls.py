"""Small calls as text, shared by heads, strategies and augmentations: `dropout(0.5)`, `horizontal_flip(p=0.5)`.

A call is a name, with or without arguments in parentheses: `name`, `name(1, 0.5)`, `name(key=value)`. A value is a
whole number, a finite number or a bare word. No nesting, no quotes, no evaluation of anything.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bench.errors import BenchError, RecipeError, unknown_name

Value = int | float | str
F = TypeVar("F")

_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\(([^()]*)\))?\s*", re.ASCII)
_KEYWORD = re.compile(r"\s*([A-Za-z_]\w*)\s*=(.*)", re.ASCII | re.DOTALL)
_INT = re.compile(r"[+-]?\d+", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WORD = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Call:
    """A name and its arguments; `str()` writes the canonical text, which parses back to an equal call."""

    name: str
    args: tuple[Value, ...] = ()
    kwargs: dict[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [*map(str, self.args), *(f"{key}={self.kwargs[key]}" for key in sorted(self.kwargs))]
        return f"{self.name}({', '.join(parts)})" if parts else self.name

    def __hash__(self) -> int:
        return hash(str(self))


def parse_call(text: str, *, kind: str = "call", error: type[BenchError] = RecipeError) -> Call:
    """Read one call. `kind` ("strategy", "augmentation") names it in the error that a bad text raises."""
    found = _CALL.fullmatch(text)
    if not found:
        raise error(
            f"Cannot read the {kind} {text!r}.",
            "It must be a name, with or without arguments: name, name(1), name(key=0.5).",
            "Correct it; quotes and nested parentheses are not allowed.",
        )
    args: list[Value] = []
    kwargs: dict[str, Value] = {}
    for part in found[2].split(",") if (found[2] or "").strip() else ():
        keyword = _KEYWORD.fullmatch(part)
        value = _value((keyword[2] if keyword else part).strip(), text, kind, error)
        if keyword is None and not kwargs:
            args.append(value)
        elif keyword is not None and keyword[1] not in kwargs:
            kwargs[keyword[1]] = value
        else:
            raise error(
                f"Cannot read the {kind} {text!r}.",
                "An argument is given twice, or one without a name follows one with a name.",
                "Write the arguments without names first, then each named one once.",
            )
    return Call(found[1], tuple(args), kwargs)


def look_up(call: Call, table: Mapping[str, F], *, kind: str, error: type[BenchError] = RecipeError) -> F:
    """Return the table's value under the call's name; an unknown name lists the valid ones and the nearest."""
    if call.name not in table:
        raise unknown_name(kind, call.name, table, error)
    return table[call.name]


def bind(
    call: Call, function: Callable[..., object], *, kind: str = "call", error: type[BenchError] = RecipeError
) -> dict[str, Any]:
    """Match a call's arguments to `function`'s parameters, with defaults filled in and types coerced.

    Parameters must be annotated `int`, `float` or `str`; a whole number is coerced to `float` where that is asked,
    so that `dropout(1)` and `dropout(p=1.0)` bind to the same.
    """
    signature = inspect.signature(function, eval_str=True)
    shown = ", ".join(str(p).replace(" = ", "=") for p in signature.parameters.values())
    todo = f"Write it as {call.name}({shown})." if shown else f"Write it as {call.name}."
    try:
        bound = signature.bind(*call.args, **call.kwargs)
    except TypeError as wrong:
        reason = f"They do not fit: {wrong}."
        raise error(f"The {kind} {call} has wrong arguments.", reason, todo) from wrong
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        wanted = signature.parameters[name].annotation
        if wanted is float and isinstance(value, int):
            bound.arguments[name] = float(value)
        elif not isinstance(value, wanted):
            why = f"{name} must be {_TYPES.get(wanted, wanted)}, not {value!r}."
            raise error(f"The {kind} {call} has a wrong argument.", why, todo)
    return dict(bound.arguments)


_TYPES = {int: "a whole number", float: "a number", str: "a word"}


def _value(text: str, whole: str, kind: str, error: type[BenchError]) -> Value:
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    if _WORD.fullmatch(text):
        return text
    raise error(
        f"Cannot read the {kind} {whole!r}.",
        f"The value {text!r} is neither a number nor a word.",
        "Write numbers as 1, 0.5 or 1e-3.",
    )


def split_list(text: str) -> list[str]:
    """Split text at commas, but for those inside parentheses: `linear,last_blocks(1)`."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]
