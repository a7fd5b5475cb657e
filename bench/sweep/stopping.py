"""When work on a plan stops: at once if the user wants it, at a time limit once something is gained."""

from __future__ import annotations

import time
from collections.abc import Callable


class Stop:
    """Whether to stop: true once `interrupted`, or after `limit_s` seconds if there is something to show for them.

    The same command with the same limit, repeated, has to end: so a time limit is kept only after this call has
    moved forward, by an epoch or by images of a frozen pass that the next call does not repeat. What takes longer
    than the limit is finished first. A limit of 0 seconds is kept at once: nothing is trained.
    """

    def __init__(self, interrupted: Callable[[], bool] = lambda: False, limit_s: float | None = None) -> None:
        self._interrupted, self._moved = interrupted, limit_s == 0
        self._end = None if limit_s is None else time.monotonic() + limit_s

    def __call__(self) -> bool:
        """Return whether to leave the current work for later."""
        return self._interrupted() or (self._moved and self._out_of_time())

    def moved(self) -> None:
        """Note that the next call begins further on than this one did."""
        self._moved = True

    def late(self) -> bool:
        """Return whether there is no time left, moved or not: for waiting, which moves nothing."""
        return self._interrupted() or self._out_of_time()

    def _out_of_time(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end
