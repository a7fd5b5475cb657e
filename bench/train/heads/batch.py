"""Runs that are executed in company: those that may train as one computation do, the others one after another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Protocol

import torch

from bench.hardware.device import release
from bench.hardware.peak_memory import PeakMemory
from bench.models.head_modules import build_head
from bench.spec import RecipeSpec, RunSpec, digest
from bench.train.frozen.frontier import POOLED
from bench.train.heads.alone import measure_alone
from bench.train.heads.stacked import stackable
from bench.train.heads.training import HeadsTrainer
from bench.train.hooks import Hooks
from bench.train.inputs import FeatureInputs
from bench.train.out_of_memory import is_out_of_memory
from bench.train.run import Outcome, Run
from bench.train.run_state import SAVE_EVERY_S, RunState

OWN = (
    "lr", "weight_decay", "schedule", "epochs", "early_stopping", "select", "label_smoothing", "clip_grad_norm",
    "best_on_test",
)  # fmt: skip
"""What each run of a company has of its own in its recipe; dropouts and seeds too."""

MOST = 64
"""How many runs train together at most: more gain little, and wait long for their rows."""

HELD_PARAMS = 24_000_000
"""Trained parameters of a company at most; with gradients, optimizer state and checkpoints 32 bytes each."""

SAVED_TOGETHER = 8
"""A larger company saves its checkpoints as much more rarely: losing seconds costs less than writing them."""


def company_key(spec: RunSpec) -> str | None:
    """Name the company that a run may train in: runs of one key read the same features with heads of one shape.

    None for a run that trains alone: other strategies, heads that do not stack, runs without kept features,
    L-BFGS, and fp16, whose loss scaling is a run's own.
    """
    recipe = spec.recipe
    if spec.strategy != "linear" or not recipe.keeps or spec.features == "recomputed":
        return None
    if spec.precision == "fp16" or recipe.optimizer == "lbfgs":
        return None
    with torch.device("meta"):
        if not stackable(build_head(recipe.head, 1, spec.dataset.num_classes)):
            return None
    defaults = {name: RecipeSpec.model_fields[name].default for name in OWN}
    defaults["head"] = tuple(layer for layer in recipe.head if not layer.startswith("dropout"))
    seed = spec.seed if spec.backbone.weights.source == "none" else 0  # random weights are the seed's own
    same = spec.model_copy(update={"recipe": recipe.model_copy(update=defaults), "seed": seed})
    return digest(same, "company")


def most_together(params: int) -> int:
    """Return how many heads of so many parameters train together at most."""
    return max(1, min(MOST, HELD_PARAMS // max(1, params)))


class RunEnds(Protocol):
    """Who hears how runs end; `failed` raises what is not one run's matter alone."""

    def finished(self, run: Run, outcome: Outcome) -> None:
        """Hear of a run that is done."""

    def failed(self, run: Run, error: Exception) -> None:
        """Hear of a run that failed, diverged, was pruned or stopped."""


class Company:
    """Executes runs of one `company_key`, or a single run of any kind.

    `hooks` are those of the runs as a whole: asked to stop, told of steps. Where it turns out that there is no
    room for kept features, the runs train one after another. Whenever memory runs out, those that have not ended
    train in two halves, one after the other, from their last checkpoints.
    """

    def __init__(self, runs: Sequence[Run], hooks: Hooks, ends: RunEnds) -> None:
        self.hooks, self.ends = hooks, ends
        self.open = list(runs)

    def execute(self) -> None:
        """Train every run to its end. Raises what keeps all of them from training."""
        self._execute(list(self.open))

    def _execute(self, runs: Sequence[Run]) -> None:
        if len(runs) > 1 and self._trained_together(runs):
            return
        left = [run for run in runs if run in self.open]
        if len(left) < 2 or not self._ran_out:  # noqa: PLR2004 - a single run is not halved
            for run in left:
                self._alone(run)
            return
        release(left[0].workbench.device)
        half = (len(left) + 1) // 2
        left[0].hooks.note(f"Memory has no room for {len(left)} heads at once: {half} train together.")
        self._execute(left[:half])
        self._execute(left[half:])

    def _trained_together(self, runs: Sequence[Run]) -> bool:
        """Train runs as one computation; False if they read no pooled features, or memory ran out."""
        first, *others = runs
        self._ran_out = False
        first.workbench.shelf.clear_for(first.spec)
        try:
            with PeakMemory(first.workbench.device) as memory, ExitStack() as stack:
                stack.enter_context(first.at_work(memory))
                if first.frontier.label != POOLED:
                    return False
                for run in others:
                    stack.enter_context(run.at_work(memory))
                self._together(runs, memory)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self._ran_out = True
        return not self._ran_out

    def _alone(self, run: Run) -> None:
        try:
            self.finished(run, run.execute())
        except Exception as error:  # noqa: BLE001 - what it means for the others is for `ends` to say
            self.failed(run, error)

    def finished(self, run: Run, outcome: Outcome) -> None:
        """Hand a run over that is done."""
        self.ends.finished(run, outcome)
        self.open.remove(run)

    def failed(self, run: Run, error: Exception) -> None:
        """Hand a run over that failed."""
        self.ends.failed(run, error)
        self.open.remove(run)

    def _together(self, runs: Sequence[Run], memory: PeakMemory) -> None:
        first = runs[0]
        assert isinstance(first.inputs, FeatureInputs)  # noqa: S101 - for mypy: pooled features are kept
        alone = measure_alone(first.part, first.spec, first.inputs, first.workbench.gauge)
        members = {RunState(r.part, r.spec, r.workbench.device, r.hooks, r.checkpoint): r for r in runs}
        for state in members:
            state.conditions = lambda: alone.conditions
            state.save_every_s = SAVE_EVERY_S * max(1.0, len(members) / SAVED_TOGETHER)
        trainer = HeadsTrainer(list(members), first.inputs, first.workbench.device, self.hooks, alone)
        trainer.fit(_Ends(members, trainer, memory, self))


class _Ends:
    """Puts a run's result together when its head has done its last epoch; lack of memory is the group's error."""

    def __init__(
        self, members: dict[RunState, Run], trainer: HeadsTrainer, memory: PeakMemory, ends: RunEnds
    ) -> None:
        self.members, self.trainer, self.memory, self.ends = members, trainer, memory, ends

    def finished(self, state: RunState) -> None:
        run = self.members[state]
        scores = run.scores(state, partial(self.trainer.logits, state))
        self.ends.finished(run, run.outcome(state, scores, self.memory))
        del self.members[state]  # with its weights, and what its optimizer holds

    def failed(self, state: RunState, error: Exception) -> None:
        if is_out_of_memory(error):
            raise error
        self.ends.failed(self.members.pop(state), error)
