"""Where commands write: data on stdout, progress and messages on stderr; colour only where it is wanted.

rich follows `NO_COLOR`, `FORCE_COLOR`, `TERM` and the width of the terminal. Nothing here reads markup: names
of models and datasets are shown as they are.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console

PIPE_WIDTH = 240
"""Columns of text that is not written to a terminal, unless `COLUMNS` says otherwise: a file is not cut."""


def out() -> Console:
    """Return the console for data, on stdout."""
    return _console(to_stderr=False)


def err() -> Console:
    """Return the console for progress and messages, on stderr."""
    return _console(to_stderr=True)


def write(text: str) -> None:
    """Write text for other programs to stdout, exactly as it is."""
    _tolerant(sys.stdout).write(text if text.endswith("\n") else text + "\n")


def _console(*, to_stderr: bool) -> Console:
    from rich.console import Console  # noqa: PLC0415 - `bench --help` needs no console of ours

    stream = _tolerant(sys.stderr if to_stderr else sys.stdout)
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(stderr=to_stderr, width=width, markup=False, highlight=False, emoji=False)


def _tolerant(stream: TextIO) -> TextIO:
    """Let a terminal that knows few characters show `?` for the others, instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream
