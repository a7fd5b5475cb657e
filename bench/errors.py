"""Errors a user can act on: what happened, why, and what to do next.

Every error that a user's input or machine can cause is a `BenchError`. The command line prints its three
parts and exits with `exit_code`; a traceback means a bug in bench.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

SLOWER = 1
BAD_INPUT = 2
SOME_RUNS_FAILED = 3
UNCLEAR = 4
INTERRUPTED = 130
TERMINATED = 143

EXIT_CODES = {
    0: "everything that was asked for is done (or pruned)",
    SLOWER: "bench timing --compare: something became slower; verify, evaluate: something is not as recorded",
    BAD_INPUT: "bad input, or something that is needed is missing: three sentences on stderr say what to do",
    SOME_RUNS_FAILED: "some runs failed or diverged, or are still running elsewhere",
    UNCLEAR: "bench timing --compare: too noisy to tell",
    INTERRUPTED: "interrupted (Ctrl-C), or out of time: the same command goes on",
    TERMINATED: "terminated (SIGTERM): the same command goes on",
}
"""Every exit code of the command line, and what it means; any other is a bug."""

SHOWN = 40
"""How many valid names an error lists; of more it only suggests the nearest."""

LISTED_BY = {
    "backbone": "bench backbones",
    "family": "bench backbones",
    "strategy": "bench strategies",
    "dataset": "bench datasets",
    "recipe": "bench recipes",
    "study": "bench studies",
}
"""Kind of name -> the command that lists the names of that kind."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM ends the process: handled as Ctrl-C is, with another exit code."""


class BenchError(Exception):
    """What happened, why, and what to do next, as three sentences."""

    exit_code = BAD_INPUT

    def __init__(self, what: str, why: str = "", todo: str = "") -> None:
        super().__init__(what, why, todo)
        self.what, self.why, self.todo = what, why, todo

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.todo) if part)


class BenchWarning(UserWarning):
    """Something works, but not as a user would expect."""


class RegistryError(BenchError):
    """A registry file, or a name looked up in it, is not valid."""


class BudgetError(BenchError):
    """A budget cannot be read, or nothing fits it."""


class BackboneError(BenchError):
    """A backbone cannot be built or taken apart."""


class WeightsError(BenchError):
    """Pretrained weights are missing, damaged or of another model."""


class DataError(BenchError):
    """A dataset is missing, incomplete or damaged."""


class LabelMapError(BenchError):
    """A label map cannot be read, or names classes that are not there."""


class RecipeError(BenchError):
    """A recipe asks for something that does not exist or cannot work."""


class StoreError(BenchError):
    """The database cannot be opened, read or written."""


class DiskFullError(StoreError):
    """There is no room for what has to be written."""


class DivergedError(BenchError):
    """The loss stopped being a finite number."""


def unknown_name(
    kind: str, name: str, valid: Iterable[str], error: type[BenchError] = RegistryError
) -> BenchError:
    """Make the error for a misspelt name: it suggests the nearest, and lists the valid ones where they are few."""
    names = sorted(set(valid))
    guess = did_you_mean(name, names)
    lists = f"`{LISTED_BY[kind]}` lists what there is." if kind in LISTED_BY else ""
    if len(names) > SHOWN:
        why = guess or "No name that is known comes near it."
        return error(f"Unknown {kind} {name!r}.", why, lists or "Correct the name.")
    return error(
        f"Unknown {kind} {name!r}.",
        f"Valid: {', '.join(names) or 'none'}.",
        " ".join(part for part in (guess, lists) if part) or "Take one of the names above.",
    )


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Suggest the valid names that come nearest to a misspelt one; empty where none does."""
    near = difflib.get_close_matches(name, sorted(set(names)), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def first_names(names: Collection[str], shown: int = 3) -> str:
    """List the first few names, and count the others."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(list(names)[:shown]) + more
