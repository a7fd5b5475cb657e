"""Warnings of bench itself, shown on stderr as a sentence, once each."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from bench.commands.display import terminal
from bench.errors import BenchWarning


@contextmanager
def shown_warnings() -> Iterator[None]:
    """Show a BenchWarning without the line of code that it comes from; others are shown as Python does."""
    seen = set[str]()
    with warnings.catch_warnings():
        as_python_does = warnings.showwarning
        warnings.simplefilter("always", BenchWarning)

        def show(
            message: Warning | str, category: type[Warning], filename: str, lineno: int,
            file: TextIO | None = None, line: str | None = None,
        ) -> None:  # fmt: skip
            if not issubclass(category, BenchWarning):
                as_python_does(message, category, filename, lineno, file, line)
            elif (text := str(message)) not in seen:
                seen.add(text)
                terminal.say(f"warning: {text}")

        warnings.showwarning = show
        yield
