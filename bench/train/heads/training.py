"""Training several heads at once: runs that read the same kept features, each with its own state and end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch

from bench.data.splits import Split
from bench.hardware.device import is_accelerator, one_thread, plain_arithmetic
from bench.metrics.accuracy import Floats
from bench.train.heads.alone import Alone
from bench.train.heads.lockstep import Lockstep, head_of, stream_key
from bench.train.heads.stacked import unstack
from bench.train.hooks import Hooks, StoppedError
from bench.train.inputs import FeatureInputs
from bench.train.run_state import Looked, RunState, Trained

HEADS_A_THREAD = 4
"""A CPU's threads each train a part of the heads, of at least so many: fewer gain nothing from their company."""

Measured = list[tuple[Trained, Looked]]


class Ends(Protocol):
    """Who hears how the runs of a company end; `failed` raises what is not one run's matter alone."""

    def finished(self, state: RunState) -> None:
        """Hear of a run that has done its last epoch; its head is as after that."""

    def failed(self, state: RunState, error: Exception) -> None:
        """Hear of one that diverged, was pruned or stopped, or whose hooks or end raised something."""


class HeadsTrainer:
    """Trains runs of one company (`bench.train.heads.batch`) until each has ended, at whatever epoch they begin.

    The head of each is its state's model. Recorded seconds are those of training alone, as `alone` measured.
    `hooks` are the company's: asked to stop, told of steps; each run's own hooks hear of its epochs.

    On a CPU the heads are dealt out to threads that meet after each epoch. Two threads that shared each product
    would meet thousands of times in an epoch, and wait for each other wherever the machine is busy.
    """

    def __init__(
        self,
        states: Sequence[RunState],
        inputs: FeatureInputs,
        device: torch.device,
        hooks: Hooks,
        alone: Alone,
    ) -> None:
        self.inputs, self.device, self.hooks, self.alone = inputs, device, hooks, alone
        self._threads = 1 if is_accelerator(device) else torch.get_num_threads()
        self._arrange(states)

    def fit(self, ends: Ends) -> None:
        """Train until every run has ended."""
        with one_thread(), ThreadPoolExecutor(self._threads, initializer=plain_arithmetic) as pool:
            while self.states:
                over = [state for state in self.states if state.over]
                for state in over:
                    _went_well(partial(ends.finished, state), state, ends)
                self._leave(over)
                if self.states:
                    self._epoch(pool, ends)

    def logits(self, state: RunState, split: Split) -> Floats:
        """Return one run's scores of a split in order, (N, classes) float32."""
        part = next(part for part in self._parts if state in part.states)
        return np.ascontiguousarray(part.logits(state, split).cpu().numpy())

    def _arrange(self, states: Sequence[RunState]) -> None:
        """Deal the runs that are left out to the threads, those that draw the same beside each other."""
        self.states = sorted(states, key=stream_key)
        count = max(1, min(self._threads, len(self.states) // HEADS_A_THREAD))
        cuts = [len(self.states) * part // count for part in range(count + 1)]
        deal = [self.states[start:end] for start, end in pairwise(cuts) if start < end]
        self._parts = [
            Lockstep(part, self.inputs, self.device, self._hooks(number), self.alone)
            for number, part in enumerate(deal)
        ]

    def _hooks(self, part: int) -> Hooks:
        """Tell steps once: the parts take about as long as each other."""
        return self.hooks if part == 0 else Hooks(stop=self.hooks.stop)

    def _epoch(self, pool: ThreadPoolExecutor, ends: Ends) -> None:
        """Train an epoch; drop the runs that are not to go on.

        All of them record it before any is decided about, so that they meet at a rung.
        """
        gone: list[RunState] = []
        recorded: list[RunState] = []
        for part, result in [(part, self._begun(pool, part)) for part in self._parts]:
            try:
                measured = result()
            except StoppedError as error:
                for state in part.states:
                    ends.failed(state, error)
                gone += part.states
                continue
            for state, (trained, looked) in zip(part.states, measured, strict=True):
                went_well = _went_well(partial(state.record, trained, looked), state, ends)
                (recorded if went_well else gone).append(state)
        gone += [state for state in recorded if not _went_well(state.settle, state, ends)]
        self._leave(gone)

    def _begun(self, pool: ThreadPoolExecutor, part: Lockstep) -> Callable[[], Measured]:
        """Begin a part's epoch in a thread, or leave it to who asks for the result where there is one part."""
        return part.epoch if len(self._parts) == 1 else pool.submit(part.epoch).result

    def _leave(self, gone: Sequence[RunState]) -> None:
        for state in gone:
            unstack(head_of(state))
        if gone:
            self._arrange([state for state in self.states if state not in gone])


def _went_well(what: Callable[[], None], state: RunState, ends: Ends) -> bool:
    try:
        what()
    except Exception as error:  # noqa: BLE001 - what it means for the others is for `ends` to say
        ends.failed(state, error)
        return False
    return True
