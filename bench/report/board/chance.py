"""What chance adds to the numbers of a board: epochs chosen by test, one seed, and a finite test set."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bench.report.board.tables import Board
from bench.report.plots.charts import Axis, Panel, Series
from bench.store.rows import RunRow

BINS, MANY = 12, 2
_STEPS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True)
class Flattered:
    """The runs of a board whose epochs were all tested, the most flattered first, each with by how much.

    `runs` counts those of the board in all; `gains` are fractions of images.
    """

    title: str
    runs: int
    gains: tuple[tuple[float, RunRow], ...]

    @property
    def mean(self) -> float | None:
        """The mean gain; None where nothing was looked at."""
        return sum(gain for gain, _ in self.gains) / len(self.gains) if self.gains else None

    @property
    def most(self) -> float | None:
        """The largest gain."""
        return self.gains[0][0] if self.gains else None

    @property
    def share(self) -> float | None:
        """Which share of the runs would have looked better at all."""
        return sum(gain > 0 for gain, _ in self.gains) / len(self.gains) if self.gains else None


def flattered(board: Board) -> Flattered:
    """Compare, run by run of a board, the best test epoch with the one that validation chose."""
    rows = board_runs(board)
    gains = [(gain, row) for row in rows if (gain := _gain(row)) is not None]
    gains.sort(key=lambda one: (-one[0], one[1].run_id))
    return Flattered(board.title, len(rows), tuple(gains))


def board_runs(board: Board) -> list[RunRow]:
    """Return the runs behind a board's rows; the rows of ensembles are none."""
    return [row for entry in board.entries if not entry.group.ensemble for row in entry.group.rows]


def histogram(gains: Iterable[float]) -> list[tuple[float, float, int]]:
    """Count gains in bins of equal, round width from the lowest on: (low, high, runs); empty without any."""
    values = list(gains)
    if not values:
        return []
    low, high = min(0.0, *values), max(values)
    step = next((step for step in _STEPS if high - low < BINS * step), (high - low) / (BINS - 1))
    first = math.floor(low / step + 1e-9)
    counts = [0] * (math.floor(high / step + 1e-9) - first + 1)
    for value in values:
        counts[math.floor(value / step + 1e-9) - first] += 1
    return [((first + i) * step, (first + i + 1) * step, count) for i, count in enumerate(counts)]


def flattery_panel(found: Flattered) -> Panel:
    """Draw how many runs of a board would have been flattered by how much."""
    bins = histogram(gain for gain, _ in found.gains)
    middles = [(low + high) / 2 for low, high, _ in bins]
    texts = [f"{count:,} runs: {100 * low:.2f} to {100 * high:.2f} points" for low, high, count in bins]
    width = [0.94 * (high - low) for low, high, _ in bins]
    series = Series("runs", "bars", "model", middles, [count for _, _, count in bins], width=width, texts=texts)
    x, y = Axis("Flattered by (points of top-1)", percent=True), Axis("Runs", low=0, whole=True)
    return Panel(found.title, x, y, (series,))


def _gain(row: RunRow) -> float | None:
    best, reported = row.best_on_test_top1, row.test_top1
    if best is None or reported is None or not math.isfinite(best - reported):
        return None
    return best - reported


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
