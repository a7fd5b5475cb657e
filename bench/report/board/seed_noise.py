"""What one seed cannot tell: how far seeds lie apart, beside what the finite test set alone makes uncertain."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.report.board.tables import Board

MANY = 2


@dataclass(frozen=True)
class SeedNoise:
    """Of one board: the standard error of its best row, and the spread over seeds of rows that have several.

    `test_error` is that of `score_error`, sqrt(p (1 - p) / n) away from 0 and 1; `pooled` the square root of the
    mean variance over seeds of test top-1, weighted by degrees of freedom, and `largest` the largest standard
    deviation. All are fractions of images.
    """

    title: str
    test_n: int | None
    best: float | None
    test_error: float | None
    rows: int
    repeated: int
    seeds: int
    pooled: float | None
    largest: float | None


def seed_noise(board: Board) -> SeedNoise:
    """Hold the two kinds of chance of a board beside each other."""
    groups = [entry.group for entry in board.entries if not entry.group.ensemble]
    first = min((entry for entry in board.entries if not entry.group.ensemble), key=lambda e: e.rank, default=None)
    best = first.group if first else None
    stats = [stat for group in groups if (stat := group.stat("test_top1")).n >= MANY and stat.std is not None]
    freedom = sum(stat.n - 1 for stat in stats)
    variance = sum((stat.n - 1) * (stat.std or 0.0) ** 2 for stat in stats)
    return SeedNoise(
        title=board.title,
        test_n=best.first.test_n if best else None,
        best=best.stat("test_top1").mean if best else None,
        test_error=best.test_error if best else None,
        rows=len(groups),
        repeated=len(stats),
        seeds=max((stat.n for stat in stats), default=0),
        pooled=math.sqrt(variance / freedom) if freedom else None,
        largest=max((stat.std or 0.0 for stat in stats), default=None),
    )
