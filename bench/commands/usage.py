"""What typer finds wrong with a command line, as an error in three parts."""

from __future__ import annotations

import difflib
import errno
import re
import sys
from typing import Any

import typer

from bench.errors import BenchError

UsageError: type[Exception] = typer.BadParameter.__base__ or Exception
"""click's error of this name; typer brings its own copy of click, or imports it, depending on the version."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_WHY = {
    "No such option": "`{command}` has no option of that name.",
    "No such command": "`{command}` has no command of that name.",
    "Missing ": "`{command}` cannot do without it.",
    "requires an argument": "Nothing follows it.",
    "does not take a value": "It is a switch.",
}
"""What click says -> the reason."""

_OTHERWISE = "`{command}` takes no such words there; a value with spaces needs quotes."


def is_help(error: Exception) -> bool:
    """Say whether the error is only that a group of commands stood alone, which is answered by its help."""
    return type(error).__name__ == "NoArgsIsHelpError"


def explained(error: Any) -> BenchError:
    """Make the error that a user sees of a `UsageError`: what it says, why, and the nearest name or an example."""
    command = error.ctx.command_path if error.ctx else "bench"
    said = str(error.format_message())
    if said.startswith("Invalid value"):
        what, _, why = said.partition(": ")
    else:
        what = re.split(r" (?:Did you mean|\(Possible)", said)[0]
        why = next((reason for words, reason in _WHY.items() if words in said), _OTHERWISE)
        why = why.format(command=command)
    return BenchError(_sentence(what), _sentence(why), _advice(error, said, command))


def explained_system(error: Exception) -> BenchError | None:
    """Make the error for what a file or a number did to Python itself; None for what no user can have caused."""
    if isinstance(error, RecursionError):
        return BenchError("Something is nested too deeply.", "It cannot be read level by level.", "Flatten it.")
    if isinstance(error, OverflowError):
        return BenchError("A number is too large.", f"{error}.", "Give a smaller one.")
    if not isinstance(error, OSError):
        return _no_text(error)
    if error.errno in NO_ROOM:
        return BenchError(
            "Not everything could be written.", f"{error.strerror}.", "Free some space, and try again."
        )
    if error.filename is not None:
        return BenchError(f"Cannot use {error.filename!s:.300}.", f"{error.strerror}.", "Check the path.")
    return None


def explained_memory(error: Exception) -> BenchError | None:
    """Make the error for a lack of memory, of a device or of this process; None for any other error."""
    if "torch" not in sys.modules:  # it is slow to import
        lacking = isinstance(error, MemoryError)
    else:
        from bench.train.out_of_memory import is_out_of_memory

        lacking = is_out_of_memory(error)
    if not lacking:
        return None
    said = next(iter(str(error).splitlines()), "") or "Nothing more can be allocated"
    todo = "End what else uses it, or take another device (--device cpu)."
    return BenchError("Memory has run out.", f"{said.removesuffix('.')}.", todo)


def _no_text(error: Exception) -> BenchError | None:
    if not isinstance(error, UnicodeEncodeError) or error.reason != "surrogates not allowed":
        return None
    why = f"The bytes of {error.object!a:.100} are not UTF-8."
    return BenchError("What was given is no text.", why, "Write it in UTF-8.")


def _advice(error: Any, said: str, command: str) -> str:
    more = f"`{command} --help` says more."
    if error.ctx is None:
        return more
    if near := _nearest(error, said):
        return f"Did you mean {near[0]}? {more}"
    example = re.search(r"Example: (.+)", error.ctx.command.help or "")
    return f"For example: {example[1]}\n{more}" if example else more


def _nearest(error: Any, said: str) -> list[str]:
    """Find the option or command that comes nearest to one that does not exist; none may."""
    command, known = error.ctx.command, list[str]()
    if said.startswith("No such option"):
        known = ["--help", *(name for parameter in command.params for name in parameter.opts)]
    elif said.startswith("No such command"):
        known = list(command.commands)
    asked = re.match(r"No such \w+: (\S+)|No such \w+ '(.*?)'", said)
    wanted = (asked[1] or asked[2]) if asked else ""
    return difflib.get_close_matches(wanted, known, n=1, cutoff=0.5)


def _sentence(text: str) -> str:
    return f"{text.strip().rstrip('.')}."
