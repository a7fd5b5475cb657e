"""What became of a sweep: its runs by status, which of them it found done, and its state in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from bench.records.runs import Status, SweepRecord
from bench.report.run.runs import count_statuses
from bench.store.rows import RunRow, SweepAttempt, SweepRow

State = Literal["done", "from the database", "running", "interrupted", "not begun", "empty", "ended"]
Kind = Literal["sweep", "search", "study", "study search"]

ENDED: tuple[Status, ...] = ("done", "pruned", "diverged", "failed")
"""Statuses in which nobody waits for a run; `failed` ones are tried again by the next such command."""


@dataclass(frozen=True)
class SweepState:
    """A sweep with what is known of its runs. `rows` are in its order.

    `own` are the attempts since it was recorded, `earlier` those of before; `live` are the runs that a process is
    at, as far as its lease says; `shared` says of runs which other sweeps planned them.
    """

    row: SweepRow
    record: SweepRecord
    rows: Sequence[RunRow]
    own: Sequence[SweepAttempt]
    earlier: Sequence[SweepAttempt]
    live: frozenset[str]
    shared: Mapping[str, tuple[int, ...]]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many runs are in each status that occurs."""
        return count_statuses(self.rows)

    @cached_property
    def done(self) -> dict[str, RunRow]:
        """The runs that are done, by id."""
        return {row.run_id: row for row in self.rows if row.status == "done"}

    @cached_property
    def finished_here(self) -> dict[str, RunRow]:
        """The runs that were finished since the sweep was recorded, by id."""
        ended = {attempt.run_id for attempt in self.own if attempt.status == "done"}
        return {run_id: row for run_id, row in self.done.items() if run_id in ended}

    @property
    def found_done(self) -> int:
        """How many runs were done before the sweep was recorded, so that it had nothing to do for them."""
        return len(self.done) - len(self.finished_here)

    @property
    def waiting(self) -> int:
        """How many runs the same command would go on with, besides those that failed."""
        left = [row for row in self.rows if row.status in ("planned", "interrupted", "running")]
        return len([row for row in left if row.run_id not in self.live])

    @property
    def state(self) -> State:
        """The state of the sweep as a whole."""
        if not self.rows:
            return "empty"
        if self.live:
            return "running"
        if self.waiting:
            return "interrupted" if self.own or len(self.rows) > self.waiting else "not begun"
        if len(self.done) < len(self.rows):
            return "ended"
        return "done" if self.own else "from the database"


def kind_of(request: Mapping[str, object]) -> Kind:
    """Tell a search and a study's sweep from an ordinary one, by what was asked for."""
    if "tune" in request:
        return "study search" if "study" in request else "search"
    return "study" if "study" in request else "sweep"


def state_sentence(sweep: SweepState) -> str:
    """Say in a sentence or two how far the sweep has come."""
    n, done = len(sweep.rows), len(sweep.done)
    if sweep.state == "empty":
        left = sweep.row.rejected
        return f"It planned no run, and left out {left:,}." if left else "It planned no run."
    if sweep.state == "from the database":
        own = "Its one run was" if n == 1 else f"All {n:,} runs were"
        return f"{own} done before it was recorded: nothing was trained for it, all is from the database."
    if sweep.state == "not begun":
        return "Its one run has not begun." if n == 1 else f"None of its {n:,} runs has begun."
    said = f"{'The run is' if n == done == 1 else _of_all(done, n)} done"
    rest = _rest(sweep)
    found = f" {_were(sweep.found_done)} done before it was recorded." if sweep.found_done else ""
    return f"{said}{f'; {rest}' if rest else ''}.{found}"


def _rest(sweep: SweepState) -> str:
    counts = sweep.counts
    words = [f"{counts[name]:,} {name}" for name in ("pruned", "failed", "diverged") if counts.get(name)]
    words += [f"{len(sweep.live):,} at work"] if sweep.live else []
    if sweep.waiting:
        words.append(f"{sweep.waiting:,} still to do, with which the same command goes on")
    return ", ".join(words)


def _of_all(done: int, n: int) -> str:
    return f"All {n:,} runs are" if done == n else f"{done:,} of {_runs(n)} {'is' if done == 1 else 'are'}"


def _were(count: int) -> str:
    return "One was" if count == 1 else f"{count:,} were"


def _runs(n: int) -> str:
    return f"{n:,} run{'s' * (n != 1)}"
