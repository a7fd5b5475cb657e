"""Turns the fields of a dataclass into options of a command, so that each option is declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from bench.commands.options import OPTIONS


def takes(
    own: Mapping[str, Any] | None = None, *, leave_out: Collection[str] = (), **groups: type
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace parameters of a command by the options of a dataclass each, whose instance it is called with.

    `groups` maps a parameter to its dataclass. Each field becomes the option that `OPTIONS` declares under its
    name, or the command's `own` declaration, with the field's default; fields in `leave_out` keep theirs.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        taken = {name: [f for f in fields(kind) if f.name not in leave_out] for name, kind in groups.items()}

        @functools.wraps(command)
        def expanded(**given: Any) -> None:
            for name, kind in groups.items():
                values = {f.name: given.pop(f.name) for f in taken[name]}
                given[name] = kind(**{key: value for key, value in values.items() if value is not None})
            command(**given)

        signature = inspect.signature(command, eval_str=True)
        parameters = list(_expanded(signature, taken, OPTIONS | dict(own or {})))
        expanded.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        expanded.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
        return expanded

    return decorate


def _expanded(
    signature: inspect.Signature, taken: dict[str, list[Field[Any]]], options: Mapping[str, Any]
) -> Iterator[inspect.Parameter]:
    for parameter in signature.parameters.values():
        if parameter.name not in taken:
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            continue
        for one in taken[parameter.name]:
            default = None if one.default in ((), MISSING) else one.default
            yield inspect.Parameter(
                one.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=options[one.name]
            )
