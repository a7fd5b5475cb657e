"""Reading many rows without Python's garbage collector, which finds nothing among them and takes its time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Pause the collector: a fifth of a leaderboard's time goes into looking at rows that are all still in use.

    What was made meanwhile is left out of later collections too, the first of which would look at all of it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.enable()
