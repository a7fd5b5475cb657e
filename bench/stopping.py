"""When work on a plan stops: at once if the user wants it, at a time limit once something is gained."""

from __future__ import annotations

import time
from collections.abc import Callable


def deadline(seconds: float | None) -> Callable[[], bool]:
    """Return a function that is true once `seconds` have passed; None never is."""
    end = None if seconds is None else time.monotonic() + seconds
    return lambda: end is not None and time.monotonic() >= end


class Stop:
    """Whether to stop: true once `interrupted`, or once `late` if there is something to show for it.

    The same command with the same limit, repeated, has to end: so a time limit is kept only after this call has
    moved forward, by an epoch or by images of a frozen pass that the next call does not repeat. What takes longer
    than the limit is finished first.
    """

    def __init__(
        self, interrupted: Callable[[], bool] = lambda: False, late: Callable[[], bool] = lambda: False
    ) -> None:
        self._interrupted, self._late, self._moved = interrupted, late, False

    def __call__(self) -> bool:
        """Return whether to leave the current work for later."""
        return self._interrupted() or (self._moved and self._late())

    def moved(self) -> None:
        """Note that the next call begins further on than this one did."""
        self._moved = True

    def late(self) -> bool:
        """Return whether there is no time left, moved or not: for waiting, which moves nothing."""
        return self._interrupted() or self._late()
