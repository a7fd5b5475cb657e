"""Early decisions in a sweep: compares its runs at their rungs, as the database has them.

Nothing but epochs and statuses is stored, so an interrupted sweep decides as it would have, and several processes
on one database share their rungs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bench.records.rungs import Halt, group_values, is_compared, rung_epochs, rungs_until, why_pruned
from bench.spec import DatasetSpec, Metric, RunSpec
from bench.store.store import Store
from bench.train.hooks import PrunedError


class Pruner:
    """Decides about the runs of one sweep; a run it was not made with is never pruned.

    Nor is an L-BFGS probe: its first weight decays do not tell how good the best one will be. Runs compete if they
    have the same dataset, target, validation split and protocol.

    Runs that train together record an epoch before any of them is decided about, so they meet at a rung whatever
    their order.
    """

    def __init__(self, store: Store, specs: Iterable[RunSpec]) -> None:
        self.store = store
        self.specs = {spec.run_id: spec for spec in specs if spec.recipe.optimizer != "lbfgs"}
        self._groups: dict[str, list[RunSpec]] = defaultdict(list)
        self._by_data: dict[tuple[DatasetSpec, int], list[RunSpec]] = defaultdict(list)
        for spec in self.specs.values():
            self._by_data[spec.dataset, spec.protocol].append(spec)
            self._groups[spec.group_id].append(spec)
        self._values: dict[tuple[int, Metric, DatasetSpec, int], Mapping[str, float]] = {}
        self._statuses: dict[str, str] = {}

    def refresh(self) -> None:
        """Read the database again at the next decision. Called when an epoch has been recorded."""
        self._values.clear()
        self._statuses = {}

    def halt(self, spec: RunSpec, epoch: int) -> Halt | None:
        """Return why a run that has recorded `epoch` ends; None if it goes on.

        It is compared at the highest of its rungs that enough groups have reached, and ends with another seed of
        its group that was pruned, unless one is through.
        """
        if spec.run_id not in self.specs:
            return None
        siblings = [other for other in self._groups[spec.group_id] if other.seed != spec.seed]
        halt = self._compared(spec, epoch) or self._fallen(spec, epoch, siblings)
        if halt is None or self._is_one_through(siblings):
            return None
        self.refresh()  # what is pruned now is so for the next one that asks
        return halt

    def check(self, spec: RunSpec) -> None:
        """Raise PrunedError if a run ends at the last epoch that it recorded.

        A process may have been killed after it recorded the epoch, and before it recorded the decision.
        """
        epochs = self.store.epochs(spec.run_id) if spec.run_id in self.specs else []
        halt = self.halt(spec, epochs[-1].epoch) if epochs else None
        if halt is not None:
            raise PrunedError(halt)

    def _compared(self, spec: RunSpec, epoch: int) -> Halt | None:
        """Compare a run, unless it is at its last epoch."""
        reached = rungs_until(epoch, spec.recipe.epochs) if epoch < spec.recipe.epochs else ()
        for rung in reached:
            values = self._values_at(rung, spec)
            if is_compared(values):
                reason = why_pruned(spec.group_id, values)
                return Halt(rung, epoch, reason) if reason else None
        return None

    def _fallen(self, spec: RunSpec, epoch: int, siblings: Sequence[RunSpec]) -> Halt | None:
        """End a run with another seed of its group that was pruned."""
        if siblings and not self._statuses:
            self._statuses = self.store.statuses(self.specs)
        pruned = next((other for other in siblings if self._statuses.get(other.run_id) == "pruned"), None)
        if pruned is None:
            return None
        reason = f"Seed {pruned.seed} of the same configuration was pruned, and seeds end together."
        return Halt(len(rungs_until(epoch, spec.recipe.epochs)), epoch, reason)

    def _is_one_through(self, siblings: Sequence[RunSpec]) -> bool:
        """Whether a seed is done, or has recorded its last epoch and was not pruned."""
        statuses = self.store.statuses(sibling.run_id for sibling in siblings)
        going = {s.run_id: s.recipe.epochs for s in siblings if statuses.get(s.run_id) != "pruned"}
        return bool(going and self.store.standings(siblings[0].recipe.select, going))

    def _values_at(self, rung: int, spec: RunSpec) -> Mapping[str, float]:
        """Return the value of each group that competes with a run at a rung, by the metric that selects for it."""
        key = (rung, spec.recipe.select, spec.dataset, spec.protocol)
        if key not in self._values:
            reached = {other.run_id: _epoch_of(rung, other) for other in self._rivals(spec)}
            self._values[key] = group_values(self.store.standings(spec.recipe.select, reached))
        return self._values[key]

    def _rivals(self, spec: RunSpec) -> list[RunSpec]:
        """Return the runs that a run competes with, itself among them."""
        return self._by_data[spec.dataset, spec.protocol]


def _epoch_of(rung: int, spec: RunSpec) -> int:
    """Return after which epoch a run reaches a rung: its last one if it has fewer rungs."""
    epochs = (*rung_epochs(spec.recipe.epochs), spec.recipe.epochs)
    return epochs[min(rung, len(epochs)) - 1]
