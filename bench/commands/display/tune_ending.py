"""Prints what a search found and how it ended, and gives its exit code."""

from __future__ import annotations

from collections.abc import Sequence

from bench.commands.display import terminal
from bench.commands.display.tune_progress import result_view
from bench.errors import INTERRUPTED, SOME_RUNS_FAILED
from bench.report.export.records import to_json
from bench.tune.search import Ended
from bench.tune.session import Found
from bench.tune.trials import Tried


def end_search(found: Found, wanted: int, interrupted: int, *, json: bool) -> int:
    """Print the result of a search on stdout and how it ended on stderr; return the exit code."""
    if json:
        terminal.write(to_json(found.result))
    else:
        terminal.out().print(result_view(found.result), crop=False)
    terminal.say(ending(found.tried, found.ended, found.location))
    return exit_code(found.tried, found.ended, wanted, interrupted)


def ending(tried: Sequence[Tried], ended: Ended, where: object) -> str:
    """Say how many trials there are, how they ended, and whether the search goes on."""
    counted = sum(trial.counts for trial in tried)
    said = ", ".join(f"{count} {word}" for word, count in _ends(tried, ended).items() if count)
    more = f" {ended.why}" if ended.why else " The same command goes on." if ended.stopped else ""
    return f"{counted} trial{'s' * (counted != 1)}: {said or 'nothing to do'}.{more} Database: {where}"


def exit_code(tried: Sequence[Tried], ended: Ended, wanted: int, interrupted: int = INTERRUPTED) -> int:
    """Return the exit code of a command that wanted so many trials: `interrupted` if it left some for later."""
    still_open = any(trial.end == "open" for trial in tried)
    if ended.stopped and (still_open or sum(trial.counts for trial in tried) < wanted):
        return interrupted
    return SOME_RUNS_FAILED if ended.badly or still_open else 0


def _ends(tried: Sequence[Tried], ended: Ended) -> dict[str, int]:
    """Count how trials ended, in the words of a sweep."""
    counted = {end: sum(trial.end == end for trial in tried) for end in ("done", "pruned", "diverged")}
    left = sum(trial.end == "open" for trial in tried) - len(ended.failed)
    out = sum(trial.end == "infeasible" for trial in tried)
    return {**counted, "failed": len(ended.failed), "not finished yet": left, "out of the budget": out}
