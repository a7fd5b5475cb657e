"""Where a sweep's time went: from its attempts to seconds of work.

A process may work on several runs at once (heads that train together): its seconds are then shared equally among
them, so that what is summed over attempts is what the process took.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.store.rows import SweepAttempt

Interval = tuple[float, float]


@dataclass(frozen=True)
class Spent:
    """How long attempts took: in all, and while anybody was at work.

    `busy_s` leaves out the time in which nobody worked; `by_status` are seconds of processes by how the attempts
    ended, so that two processes at once count twice.
    """

    began_at: float
    ended_at: float
    busy_s: float
    by_status: dict[str, float]
    attempts: int
    workers: int

    @property
    def wall_s(self) -> float:
        """Seconds from the first attempt's begin to the last sign of life, pauses in."""
        return self.ended_at - self.began_at

    @property
    def worker_s(self) -> float:
        """Seconds of work of all processes together."""
        return sum(self.by_status.values())


def spent(attempts: Sequence[SweepAttempt]) -> Spent | None:
    """Add up what attempts took; None where there are none."""
    if not attempts:
        return None
    by_worker: dict[str, list[SweepAttempt]] = defaultdict(list)
    for attempt in attempts:
        by_worker[attempt.worker_id].append(attempt)
    seconds: dict[str, float] = defaultdict(float)
    for own in by_worker.values():
        for status, share in _shares(own):
            seconds[status] += share
    busy = union(map(interval, attempts))
    return Spent(busy[0][0], busy[-1][1], total(busy), dict(seconds), len(attempts), len(by_worker))


def interval(attempt: SweepAttempt) -> Interval:
    """Return from when until when an attempt is known to have been at work."""
    return attempt.started_at, max(attempt.started_at, attempt.seen_at)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Join intervals that touch; what comes back is in order and apart."""
    joined: list[Interval] = []
    for begin, end in sorted(intervals):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def total(intervals: Iterable[Interval]) -> float:
    """Add up the lengths of intervals."""
    return sum(end - begin for begin, end in intervals)


def _shares(attempts: Iterable[SweepAttempt]) -> Iterable[tuple[str, float]]:
    """Share a process's seconds equally among the attempts that it is at: (status, seconds) of each stretch."""
    events = sorted(
        (moment, step, attempt.status)
        for attempt in attempts
        for moment, step in zip(interval(attempt), (1, -1), strict=True)
    )
    at_work: dict[str, int] = defaultdict(int)
    before = 0.0
    for moment, step, status in events:
        if together := sum(at_work.values()):
            yield from ((name, (moment - before) * n / together) for name, n in at_work.items() if n)
        at_work[status] += step
        before = moment
