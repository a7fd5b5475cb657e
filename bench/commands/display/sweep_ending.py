"""Prints how a sweep ended, and gives its exit code."""

from __future__ import annotations

from bench.commands.display import terminal
from bench.errors import INTERRUPTED, SOME_RUNS_FAILED
from bench.sweep.session import Swept


def end_sweep(swept: Swept, interrupted: int = INTERRUPTED) -> int:
    """Print to stderr how a sweep ended, and return its exit code; `interrupted` if it left something over."""
    tally, planned = swept.tally, swept.planned
    parts = {
        "done": len(tally.done),
        "done before": len(tally.skipped),
        "failed": len(tally.failed),
        "failed before": len(tally.failed_before),
        "diverged": len(tally.diverged),
        "diverged before": len(tally.diverged_before),
        "pruned": len(tally.pruned),
        "pruned before": len(tally.pruned_before),
        "done elsewhere": len(tally.done_elsewhere),
        "failed elsewhere": len(tally.failed_elsewhere),
        "running elsewhere": len(tally.elsewhere),
    }
    said = ", ".join(f"{count} {word}" for word, count in parts.items() if count) or "nothing to do"
    left = planned - sum(parts.values())
    more = f", {left} left: the same command goes on" if left else ""
    terminal.say(f"{planned} run{'s' * (planned != 1)}: {said}{more}. Database: {swept.location}")
    if tally.stopped and left:
        return interrupted
    return 0 if tally.went_well else SOME_RUNS_FAILED
