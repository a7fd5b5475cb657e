"""A sweep's attempts as bars over time, a group of rows for each process; many attempts stay readable."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.report.sweeps.times import Interval, interval, total, union
from bench.store.rows import SweepAttempt

MOST_BARS = 400
"""Bars that a plot stays readable with, and a table of them too; with more, neighbours become one."""

MOST_LANES = 12
"""Rows that one process may fill with what it does at once."""

FINEST = 2000
"""Bars are not joined, unless there are too many, where more than this part of the time lies between them."""

_SHORT = 10
_LONG_PAUSE = 0.05
_PAUSE_WIDTH = 0.02


@dataclass(frozen=True)
class Bar:
    """An attempt, or several of one process that ended alike; `run_id` is the first one's.

    `left` and `right` are seconds on the plot's axis, from which long pauses are cut out; times are real ones.
    """

    worker: int
    status: str
    began_at: float
    ended_at: float
    run_id: str
    attempts: int = 1
    lane: int = 0
    left: float = 0.0
    right: float = 0.0

    @property
    def seconds(self) -> float:
        """From its begin to its end."""
        return self.ended_at - self.began_at


@dataclass(frozen=True)
class Pause:
    """Seconds in which nobody worked, cut out of the axis at `at`."""

    at: float
    seconds: float


@dataclass(frozen=True)
class Timeline:
    """The bars, the names of the processes and the first row of each, and how long the axis is.

    `joined` says that some bars stand for several attempts.
    """

    bars: tuple[Bar, ...] = ()
    workers: tuple[str, ...] = ()
    first_lanes: tuple[int, ...] = ()
    lanes: int = 0
    pauses: tuple[Pause, ...] = ()
    length: float = 0.0
    joined: bool = False


def timeline(attempts: Sequence[SweepAttempt], most: int = MOST_BARS) -> Timeline:
    """Lay attempts out as bars; of processes the first to begin is at the top."""
    if not attempts:
        return Timeline()
    workers = {name: i for i, name in enumerate(dict.fromkeys(a.worker_id for a in attempts))}
    single = [Bar(workers[a.worker_id], a.status, *interval(a), a.run_id) for a in attempts]
    busy = union((bar.began_at, bar.ended_at) for bar in single)
    bars = _few(single, most, total(busy))
    lanes, firsts, count = _lanes(bars, len(workers))
    axis = _Axis(busy)
    laid = [
        replace(bar, lane=firsts[bar.worker] + lane, left=axis.at(bar.began_at), right=axis.at(bar.ended_at))
        for bar, lane in zip(bars, lanes, strict=True)
    ]
    names = _names(attempts)
    return Timeline(tuple(laid), names, firsts, count, axis.pauses, axis.length, len(bars) < len(single))


def _few(bars: list[Bar], most: int, busy_s: float) -> list[Bar]:
    """Join bars until there are few enough, or none are left to join."""
    slack, longest = busy_s / FINEST, max(bar.ended_at for bar in bars) - bars[0].began_at
    few = _joined(bars, slack)
    while len(few) > most and slack <= longest:
        slack = 2 * slack or 1e-3
        few = _joined(bars, slack)
    return few


def _joined(bars: Sequence[Bar], slack: float) -> list[Bar]:
    """Join bars of one process and status that lie side by side, or one after another and are short.

    `slack` is how many seconds may part them.
    """
    last: dict[tuple[int, str], Bar] = {}
    done: list[Bar] = []
    for bar in sorted(bars, key=lambda bar: (bar.began_at, bar.ended_at)):
        key = bar.worker, bar.status
        before = last.get(key)
        if before and _join(before, bar, slack):
            end = max(before.ended_at, bar.ended_at)
            last[key] = replace(before, ended_at=end, attempts=before.attempts + 1)
        else:
            done += [before] if before else []
            last[key] = bar
    return sorted([*done, *last.values()], key=lambda bar: (bar.began_at, bar.worker))


def _join(before: Bar, bar: Bar, slack: float) -> bool:
    if bar.began_at - before.began_at <= slack and abs(bar.ended_at - before.ended_at) <= slack:
        return True
    short = bar.seconds <= _SHORT * slack and (before.attempts > 1 or before.seconds <= _SHORT * slack)
    return short and bar.began_at - before.ended_at <= slack


def _lanes(bars: Sequence[Bar], workers: int) -> tuple[list[int], tuple[int, ...], int]:
    """Give every bar a row of its process where it covers no other: these, each process's first, and how many."""
    ends: list[list[float]] = [[] for _ in range(workers)]
    lanes = []
    for bar in bars:
        own = ends[bar.worker]
        free = next((lane for lane, end in enumerate(own) if end <= bar.began_at), len(own))
        lane = min(free, MOST_LANES - 1)
        own[lane : lane + 1] = [bar.ended_at]
        lanes.append(lane)
    firsts = tuple(sum(map(len, ends[:worker])) for worker in range(workers))
    return lanes, firsts, sum(map(len, ends))


class _Axis:
    """Seconds since the first attempt, with long pauses cut out."""

    def __init__(self, busy: Sequence[Interval]) -> None:
        whole = total(busy) or 1.0
        self._begins, self._places = [], list[float]()
        pauses: list[Pause] = []
        at, before = 0.0, busy[0][0]
        for begin, end in busy:
            gap = begin - before
            if gap > _LONG_PAUSE * whole:
                pauses.append(Pause(at + _PAUSE_WIDTH * whole / 2, gap))
                gap = _PAUSE_WIDTH * whole
            self._begins.append(begin)
            self._places.append(at + gap)
            at, before = at + gap + end - begin, end
        self.length, self.pauses = at, tuple(pauses)

    def at(self, moment: float) -> float:
        """Place a moment at which somebody worked."""
        step = bisect_right(self._begins, moment) - 1
        return self._places[step] + moment - self._begins[step]


def _names(attempts: Sequence[SweepAttempt]) -> tuple[str, ...]:
    """Name each process by its number, and by its machine where there are several."""
    first = {attempt.worker_id: attempt for attempt in reversed(attempts)}
    several = len({attempt.host for attempt in attempts}) > 1
    order = dict.fromkeys(attempt.worker_id for attempt in attempts)
    return tuple(
        f"{first[worker].host.partition('/')[0]} {first[worker].pid}"
        if several
        else f"process {first[worker].pid}"
        for worker in order
    )
