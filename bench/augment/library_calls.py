"""A library's transform as text, written as its own documentation does: `A.CoarseDropout(num_holes_range=(1, 3))`.

The name of the library, a dot, the name of the transform, and its arguments as Python literals: numbers, None,
True and False, words with or without quotes, and tuples, lists and dicts of these. Nothing is evaluated.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bench.errors import RecipeError

_DOTTED = re.compile(r"\s*[A-Za-z_]\w*\s*\.", re.ASCII)
_ATOMS = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class LibraryCall:
    """A transform of a library and its arguments; `str()` writes the text, which parses back to an equal call."""

    library: str
    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        named = [f"{key}={literal(self.kwargs[key])}" for key in sorted(self.kwargs)]
        return f"{self.library}.{self.name}({', '.join([*map(literal, self.args), *named])})"


def is_library_call(text: str) -> bool:
    """Say whether a text names a library before anything else."""
    return _DOTTED.match(text) is not None


def parse_library_call(text: str) -> LibraryCall:
    """Read one transform of a library. Raises RecipeError for what is not written so."""
    try:
        parsed = ast.parse(text.strip(), mode="eval").body
        call = parsed if isinstance(parsed, ast.Call) else ast.Call(parsed, [], [])
        library, name = _names(call.func)
        args = tuple(_value(node) for node in call.args)
        kwargs = _keywords(call.keywords)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise RecipeError(
            f"Cannot read the augmentation {text!r}.",
            f"{error if type(error) is ValueError else 'It is not written as Python writes a call'}.",
            "Write it as library.Transform(argument=value); values are numbers, words, None, True, False, tuples.",
        ) from error
    return LibraryCall(library, name, args, kwargs)


def literal(value: Any) -> str:
    """Write an argument as text that parses back to it: words without quotes where they can do without."""
    if isinstance(value, Enum):
        return literal(value.value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        inside = ", ".join(map(literal, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    bare = isinstance(value, str) and value.isidentifier() and value.isascii() and not keyword.iskeyword(value)
    return value if bare else repr(value)


def _names(node: ast.expr) -> tuple[str, str]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.value.id, node.attr
    raise ValueError("Its name must be that of a library and that of a transform, with a dot between")


def _keywords(given: list[ast.keyword]) -> dict[str, Any]:
    named = {each.arg: _value(each.value) for each in given if each.arg is not None}
    if len(named) < len(given):
        raise ValueError("An argument is given twice, or with **")
    return named


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_value(inner) for inner in node.elts)
    if isinstance(node, ast.Dict):
        return {_value(key): _value(inner) for key, inner in _items(node)}
    try:
        value = ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"{ast.unparse(node)} is neither a number nor a word") from None
    if not isinstance(value, _ATOMS) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{ast.unparse(node)} is neither a finite number nor a word")
    return value


def _items(node: ast.Dict) -> list[tuple[ast.expr, ast.expr]]:
    keys = [key for key in node.keys if isinstance(key, (ast.Constant, ast.Name))]
    if len(keys) != len(node.values):
        raise ValueError("The keys of a dict must be words")
    return list(zip(keys, node.values, strict=True))
