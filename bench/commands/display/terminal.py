"""Where commands write: data on stdout, progress and messages on stderr; colour only where it is wanted.

rich follows `NO_COLOR`, `FORCE_COLOR`, `TERM` and the width of the terminal. Nothing here reads markup: names
of models and datasets are shown as they are, with the characters that would steer a terminal escaped. Everything
that a command writes goes through here.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import TYPE_CHECKING

from bench.units import visible

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console

PIPE_WIDTH = 10_000
"""Columns of data that is not written to a terminal, unless `COLUMNS` says otherwise: nothing gives way."""

PROGRESS_WIDTH = 240
"""The same of progress and messages."""

_ASCII = {
    "±": "~", "\u2013": "-", "\u2014": "-", "\u2026": ".", "\u00d7": "x", "†": "^", "‡": "!", "·": ".", "│": "|",
    **dict.fromkeys("─━", "-"), **dict.fromkeys("┘┌┐└┤┴", "+"), **dict(zip("▁▂▃▄▅▆▇█", "_.,:=+*#", strict=True)),
}  # fmt: skip
"""One character each, so that columns stay where they are; the notes below a table show the same ones."""


def out() -> Console:
    """Return the console for data, on stdout."""
    return _console(to_stderr=False)


def err() -> Console:
    """Return the console for progress and messages, on stderr."""
    return _console(to_stderr=True)


def write(text: str) -> None:
    """Write text for other programs to stdout; control characters are escaped as in JSON."""
    _tolerant(sys.stdout).write(_line(text))


def say(text: str) -> None:
    """Write a message to stderr, whatever it quotes."""
    _tolerant(sys.stderr).write(_line(text))


def say_error(what: str, *more: str) -> None:
    """Write an error to stderr: what happened, then why and what to do, each on a line of its own."""
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    head = "\033[1;31merror:\033[0m" if colour else "error:"
    said = _line("\n".join(part for part in (what, *more) if part))
    _tolerant(sys.stderr).write(f"{head} {said}")


def without_colour() -> None:
    """Write no colour from now on, as if `NO_COLOR` were set."""
    os.environ["NO_COLOR"] = "1"


def _line(text: str) -> str:
    shown = visible(text)
    return shown if shown.endswith("\n") else f"{shown}\n"


def _console(*, to_stderr: bool) -> Console:
    from bench.report.terminal.safe_console import SafeConsole

    stream = _tolerant(sys.stderr if to_stderr else sys.stdout)
    unlimited = PROGRESS_WIDTH if to_stderr else PIPE_WIDTH
    width = None if stream.isatty() or os.environ.get("COLUMNS") else unlimited
    return SafeConsole(stderr=to_stderr, width=width, markup=False, highlight=False, emoji=False)


def _tolerant(stream: TextIO) -> TextIO:
    """Let a stream that knows few characters show the nearest in ASCII, or `?`, instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=_HANDLER)
    return stream


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_ASCII.get(char, "?") for char in error.object[error.start : error.end]), error.end


_HANDLER = "bench-nearest-ascii"
codecs.register_error(_HANDLER, _nearest)
