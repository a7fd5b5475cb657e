"""Who watches a search: what a sweep's watcher hears, and how each trial ends."""

from __future__ import annotations

from bench.sweep.watching import Watcher
from bench.tune.trials import Tried


class TuneWatcher(Watcher):
    """Every method may be overridden, none has to be."""

    def trial(self, number: int, of: int) -> None:
        """Hear that a trial is about to be trained, of how many in all."""

    def told(self, trial: Tried, best: Tried | None) -> None:
        """Hear that a trial ended, and which is the best so far."""
