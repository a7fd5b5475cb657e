"""Early decisions in a sweep: asks the database how its runs stand at a rung, and whether one of them goes on.

What is stored are the epochs alone, so an interrupted sweep goes on where it was, and several processes on one
database share their rungs.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.rungs import Halt, rung_at, rung_epochs, why_pruned
from bench.spec import RunSpec
from bench.store.store import Store
from bench.train.hooks import PrunedError


class Pruner:
    """Decides about the runs of one sweep; a run it was not made with is never pruned.

    Nor is an L-BFGS probe: what its first weight decays bring says nothing of the best one.
    Runs compete where they have the same dataset, target and validation split.
    """

    def __init__(self, store: Store, specs: Iterable[RunSpec]) -> None:
        self.store = store
        self.specs = {spec.run_id: spec for spec in specs if spec.recipe.optimizer != "lbfgs"}

    def halt(self, spec: RunSpec, epoch: int) -> Halt | None:
        """Tell whether a run that has recorded `epoch` ends there; None where it goes on."""
        rung = rung_at(epoch, spec.recipe.epochs)
        if rung is None or spec.run_id not in self.specs:
            return None
        reached = {
            run_id: _epoch_of(rung, other) for run_id, other in self.specs.items() if other.dataset == spec.dataset
        }
        reason = why_pruned(spec.group_id, self.store.standings(spec.recipe.select, reached))
        return Halt(rung, epoch, reason) if reason else None

    def check(self, spec: RunSpec) -> None:
        """Raise PrunedError where a run ends at the last epoch that it recorded.

        A process may have been killed after it recorded the epoch, and before it recorded the decision.
        """
        epochs = self.store.epochs(spec.run_id) if spec.run_id in self.specs else []
        halt = self.halt(spec, epochs[-1].epoch) if epochs else None
        if halt is not None:
            raise PrunedError(halt)


def _epoch_of(rung: int, spec: RunSpec) -> int:
    """Return after which epoch a run reaches a rung: its last one where it has fewer rungs."""
    epochs = (*rung_epochs(spec.recipe.epochs), spec.recipe.epochs)
    return epochs[min(rung, len(epochs)) - 1]
