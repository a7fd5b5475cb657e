"""Prints how a sweep ended, and gives its exit code."""

from __future__ import annotations

from bench.commands.display import terminal
from bench.errors import INTERRUPTED, SOME_RUNS_FAILED
from bench.sweep.session import Swept


def end_sweep(swept: Swept, interrupted: int = INTERRUPTED) -> int:
    """Print to stderr how a sweep ended, and return its exit code; `interrupted` if it left something over."""
    terminal.say(swept.summary)
    if swept.tally.stopped and swept.left:
        return interrupted
    return 0 if swept.tally.went_well else SOME_RUNS_FAILED
