"""Measures the conditions that times are taken under: the load of the machine, and the pace of a fixed product.

The product (two square fp32 matrices, as in `bench timing`) is timed before and after what is timed, though for at
most `COST` of the time. It is compared with the least that it ever took on this machine with as many threads,
which is kept under `$BENCH_HOME/machines`. The load is read from the operating system's counters of busy CPU time;
the process's own share is taken off, with that of its child processes.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor

from bench.disk.atomic import write_text
from bench.hardware.conditions import Conditions, is_disturbed
from bench.hardware.device import Clock, is_accelerator, uncounted
from bench.hardware.machine import machine_path

SIZE = 512
"""Rows and columns of the two matrices."""

ROWS_TIMES = 64
"""On an accelerator, which would be through with that before it began, the first has so many times the rows."""

FIRST_S = 0.2
"""Seconds spent on measuring a best time if none is known."""

SAMPLE_S = 0.01
"""A sample repeats the product for about so long, and takes the mean."""

FRESH_S = 5.0
"""A sample holds for so long at least."""

COST = 0.01
"""Sampling takes no larger share of the time: where the machine is slow, a sample holds for longer."""

WINDOW_S = 1.0
"""The load is taken over at least so long, also of what takes less: systems count in hundredths of a second."""

_BUSY = ("user", "nice", "system", "irq", "softirq", "steal")


@dataclass(frozen=True)
class Counters:
    """CPU seconds since the start of the machine and of this process; `at` is a monotonic clock."""

    at: float
    busy_s: float
    idle_s: float
    own_s: float


@dataclass(frozen=True)
class Mark:
    """A moment that conditions are measured from."""

    counters: Counters
    slowdown: float


class Gauge:
    """Measures conditions between a `mark` and now, for work on one device."""

    def __init__(self, device: torch.device) -> None:
        self.device, self._product = device, Product(device)
        self._seen: deque[Counters] = deque([read_counters()], maxlen=64)

    def mark(self) -> Mark:
        """Return a mark of now."""
        return Mark(self._counters(), self._product.slowdown())

    def since(self, mark: Mark, cpu_s: float | None = None) -> Conditions:
        """Return the conditions since a mark, for work of `cpu_s` CPU seconds."""
        now, slowdown = self._counters(), (mark.slowdown + self._product.slowdown()) / 2
        load = load_between(self._begin(mark.counters, now), now)
        return Conditions(
            cpu_s, load, slowdown, is_disturbed(load, slowdown, self._threads(), os.cpu_count() or 1)
        )

    def laps(self) -> Callable[[], Conditions]:
        """Return a function that gives the conditions since it was called last, or since now."""
        marks = [self.mark()]

        def lap() -> Conditions:
            found = self.since(marks[-1])
            marks[:] = [self.mark()]
            return found

        return lap

    def _threads(self) -> int:
        """Count the threads that the work keeps busy: on an accelerator this one, and those that load images."""
        return (
            1 + len(multiprocessing.active_children()) if is_accelerator(self.device) else torch.get_num_threads()
        )

    def _counters(self) -> Counters:
        if time.monotonic() - self._seen[-1].at > WINDOW_S / 10:
            self._seen.append(read_counters())
        return self._seen[-1]

    def _begin(self, begin: Counters, end: Counters) -> Counters:
        """Return where the load is counted from: `begin`, or the latest moment that is `WINDOW_S` before `end`."""
        if end.at - begin.at >= WINDOW_S:
            return begin
        before = [seen for seen in self._seen if end.at - seen.at >= WINDOW_S]
        return before[-1] if before else self._seen[0]


class Product:
    """A matrix product on a device, timed again and again, and the least that it took on this machine."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._path = machine_path(str(device), "product")
        self._latest: dict[int, tuple[float, float]] = {}
        self._repeats: dict[int, int] = {}

    def slowdown(self) -> float:
        """Return how many times as long as at its best with as many threads it takes: 1, or more."""
        threads = torch.get_num_threads()
        until, found = self._latest.get(threads, (-math.inf, math.nan))
        begun = time.monotonic()
        if begun > until:
            with uncounted(self.device):
                seconds = self._sample(threads)
                took = time.monotonic() - begun
                found = seconds / self._best(threads, seconds)
            self._latest[threads] = (time.monotonic() + max(FRESH_S, took / COST), found)
        return found

    def _best(self, threads: int, seconds: float) -> float:
        """Return the least that it took on this machine, this time included, and keep it."""
        try:
            known = {int(key): float(value) for key, value in json.loads(self._path.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            known = {}
        end = time.monotonic() + FIRST_S
        while threads not in known and time.monotonic() < end:
            seconds = min(seconds, self._sample(threads))
        if not 0 < known.get(threads, math.inf) <= seconds:
            known[threads] = seconds
            write_text(self._path, json.dumps(known), best_effort=True)
        return known[threads]

    def _sample(self, threads: int) -> float:
        """Return the mean seconds of a product, after one that warms up."""
        ones = torch.ones(SIZE, SIZE, device=self.device)
        rows = ones.repeat(ROWS_TIMES, 1) if is_accelerator(self.device) else ones
        if threads not in self._repeats:
            self._timed(rows, ones, 1)
            self._repeats[threads] = max(1, min(100, math.ceil(SAMPLE_S / self._timed(rows, ones, 1))))
        self._timed(rows, ones, 1)
        return self._timed(rows, ones, self._repeats[threads])

    def _timed(self, rows: Tensor, ones: Tensor, repeats: int) -> float:
        clock = Clock(self.device)
        with clock.running():
            for _ in range(repeats):
                rows @ ones
        return clock.seconds / repeats


def read_counters() -> Counters:
    """Read the counters of the system and of this process, its children included."""
    times = psutil.cpu_times()
    busy = math.fsum(getattr(times, name, 0.0) for name in _BUSY)
    idle = times.idle + getattr(times, "iowait", 0.0)
    ended = os.times()
    own = time.process_time() + ended.children_user + ended.children_system
    for child in multiprocessing.active_children():
        try:
            spent = psutil.Process(child.pid).cpu_times()
        except psutil.Error:
            continue
        own += spent.user + spent.system
    return Counters(time.monotonic(), busy, idle, own)


def load_between(begin: Counters, end: Counters) -> float | None:
    """Return how many cores others kept busy between two moments; None if the system's counters stand still."""
    seconds = end.at - begin.at
    if seconds <= 0 or end.busy_s + end.idle_s <= begin.busy_s + begin.idle_s:
        return None
    return max(0.0, (end.busy_s - begin.busy_s) - (end.own_s - begin.own_s)) / seconds
