"""What the runs of a sweep cost: seconds as they are stored, and compute as it follows from counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.report.board.rows import hardware
from bench.report.sweeps.cache_savings import Saved
from bench.store.rows import RunRow

NOTHING_KEPT = (None, "images")
"""What `RunRow.frontier` says of a run that kept nothing."""


@dataclass(frozen=True)
class Seconds:
    """Sums over the runs that name one hardware: each second is what the run would take alone."""

    hardware: str
    runs: int
    train_s: float
    eval_s: float
    standalone_s: float


@dataclass(frozen=True)
class Compute:
    """1e9 MACs of training. `asked` is training images x epochs x `train_gmacs`: what it takes without a cache.

    `epochs` is what the epochs computed, the kept part left out, `passes` what the frozen passes did; both are
    None where a bench of before that was counted wrote a run.
    """

    asked: float
    epochs: float | None
    passes: float | None


def seconds_by_hardware(rows: Iterable[RunRow]) -> list[Seconds]:
    """Add up the seconds of runs that are done, for each hardware on its own."""
    rows = list(rows)
    return [
        Seconds(
            name,
            len(own),
            sum(row.train_s or 0.0 for row in own),
            sum(row.eval_s or 0.0 for row in own),
            sum(row.standalone_s or 0.0 for row in own),
        )
        for name in dict.fromkeys(map(hardware, rows))
        if (own := [row for row in rows if hardware(row) == name])
    ]


def compute(rows: Mapping[str, RunRow], saved: Iterable[Saved]) -> Compute:
    """Add up the compute of runs that are done, by id, and of the passes that they read."""
    uses = [use for one in saved for use in one.passes]
    asked = sum(_images(row) * row.train_gmacs for row in rows.values())
    if any(rows[run_id].frozen_gmacs is None for use in uses for run_id in use.runs):
        return Compute(asked, None, None)
    passes = sum(use.images * max(rows[run_id].frozen_gmacs or 0.0 for run_id in use.runs) for use in uses)
    epochs = sum(_images(row) * (row.train_gmacs - _kept(row)) for row in rows.values())
    return Compute(asked, epochs, passes)


def _images(row: RunRow) -> int:
    return (row.epochs or 0) * (row.train_n or 0)


def _kept(row: RunRow) -> float:
    return 0.0 if row.frontier in NOTHING_KEPT else row.frozen_gmacs or 0.0
