"""What options do with what they are given: refuse what is empty or no text, turn colour off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import typer

from bench.calls import split_list
from bench.errors import BenchError

Value = TypeVar("Value", str, list[str], None)


def not_empty(param: typer.CallbackParam, value: Value) -> Value:
    """Return the value of an option or argument; raises BenchError where it, or one of several, is empty."""
    values: Sequence[str] = [value] if isinstance(value, str) else value or []
    if any(not text.strip(" ,\t\n") for text in values):
        name = param.opts[0] if param.param_type_name == "option" else (param.name or "").upper()
        raise BenchError(
            f"{name} is empty.",
            "A shell variable that is not set may be why; an empty value is not taken to mean everything.",
            f"Give {name} a value{', or leave it out' if name.startswith('-') else ''}.",
        )
    return value


def listed(param: typer.CallbackParam, value: list[str] | None) -> list[str] | None:
    """Split values at commas, but for those inside parentheses; an option may be repeated, too."""
    values = not_empty(param, value or [])
    return [part for text in values for part in split_list(text)] or None


def readable(param: typer.CallbackParam, value: str) -> str:
    """Return a value; raises BenchError where its bytes are no UTF-8 text, so that it could not be written."""
    if not value.isascii() and value != value.encode(errors="replace").decode():
        name = param.opts[0] if param.param_type_name == "option" else (param.name or "").upper()
        raise BenchError(f"{name} is no text.", "Its bytes are not UTF-8.", f"Write {name} in UTF-8.")
    return value


def colourless(value: bool) -> bool:
    """Turn colour off for the whole command where that is asked."""
    if value:
        from bench.commands.display import terminal

        terminal.without_colour()
    return value


def reads(read: Callable[[str], object]) -> Callable[[str | None], str | None]:
    """Return an option's callback that raises the BenchError of `read` at once, and leaves the text as it is."""

    def checked(text: str | None) -> str | None:
        if text is not None:
            read(text)
        return text

    return checked
