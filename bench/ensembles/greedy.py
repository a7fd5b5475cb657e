"""Members chosen one by one: Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004.

It begins with one run and adds, with replacement, whichever run makes the mean of probabilities best on
validation, also where that is no gain for the moment; of all the ensembles on the way the best is taken. Better is
a higher validation top-1, and of equal ones a lower validation loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bench.ensembles.voting import log_probabilities
from bench.records.predictions import ValPredictions

ROUNDS = 50
"""Runs that are added at most, each time it is counted."""

PATIENCE = 10
"""Rounds in a row without a better ensemble after which it ends."""

_TINY = 1e-300
Fits = Callable[[Collection[str]], bool]
Quality = tuple[int, float]


def choose_members(
    pool: Mapping[str, ValPredictions], fits: Fits, firsts: Sequence[str], most: int | None = None
) -> dict[str, int]:
    """Return how often each chosen run is counted, by run id; runs that are not chosen are left out.

    `fits` says whether runs may be in one ensemble, and `most` how many; it climbs from each of `firsts`, which
    must fit alone, and takes the best ensemble.
    """
    climber = _Climber(pool, fits, most)
    climbs = [climber.climb(first) for first in sorted(firsts)]
    _, picks = max(climbs, key=lambda climb: (climb[0], -len(climb[1])))
    return dict(Counter(picks))


class _Climber:
    def __init__(self, pool: Mapping[str, ValPredictions], fits: Fits, most: int | None) -> None:
        self.names = sorted(pool)
        self.fits, self.most = fits, most or len(pool)
        self.labels = pool[self.names[0]].labels
        self.said = {name: np.exp(log_probabilities(pool[name])) for name in self.names}

    def climb(self, first: str) -> tuple[Quality, list[str]]:
        """Return the best ensemble on the way from one run, and how good it is."""
        picks, total = [first], self.said[first].copy()
        best, length = self._quality(total, 1), 1
        while len(picks) < ROUNDS and len(picks) - length < PATIENCE:
            reached, name = max(
                ((self._quality(total + self.said[n], len(picks) + 1), n) for n in self._open(picks)),
                key=lambda step: step[0],  # of equally good ones the first
            )
            picks.append(name)
            total += self.said[name]
            if reached > best:
                best, length = reached, len(picks)
        return best, picks[:length]

    def _open(self, picks: Sequence[str]) -> list[str]:
        """List what may be added; what is in already always may."""
        chosen = frozenset(picks)
        room = len(chosen) < self.most
        return [name for name in self.names if name in chosen or (room and self.fits(chosen | {name}))]

    def _quality(self, total: npt.NDArray[np.float64], count: int) -> Quality:
        own = total[np.arange(len(self.labels)), self.labels]
        right = int((total.argmax(axis=1) == self.labels).sum())
        return right, float(np.log(np.maximum(own / count, _TINY)).mean())
