"""Who fills an entry of the cache: one process at a time. A lock ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

Lock = Literal["ours", "theirs", "unknown"]
"""`unknown` where the folder cannot be written or its file system has no locks."""

POLL_S = 0.2
"""A lock that another process has is asked for again after so many seconds."""


@contextlib.contextmanager
def locked(folder: Path, key: str, wait: Callable[[], None] | None = None) -> Iterator[Lock]:
    """Hold an entry's lock inside, where nobody else does, and say whose it is.

    With `wait` the lock is waited for: `wait` is called every `POLL_S` seconds, and ends that by raising.
    """
    lock = FileLock(folder / f".{key}.lock")
    while (whose := _take(lock)) == "theirs" and wait:
        wait()
        time.sleep(POLL_S)
    try:
        yield whose
    finally:
        if whose == "ours":
            with contextlib.suppress(OSError):
                Path(lock.lock_file).unlink()  # who has it open sees that, and opens another
            lock.release()


def _take(lock: FileLock) -> Lock:
    try:
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        return "theirs"
    except (OSError, NotImplementedError):
        return "unknown"
    return "ours"
