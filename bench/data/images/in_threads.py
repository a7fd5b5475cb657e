"""Work on many items in threads, in order, that can be interrupted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from bench.hardware.cpus import available_cpus

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 4
"""Items for each thread that are begun before their results are asked for."""


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield the result for each item in order; up to eight threads work.

    Few items are begun at a time, so an exception, or an interruption, waits for those and not for all the others.
    """
    threads = min(8, available_cpus())
    waiting = iter(items)
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="inspect")
    try:
        while True:
            for item in waiting:
                pending.append(pool.submit(work, item))
                if len(pending) >= _AHEAD * threads:
                    break
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
