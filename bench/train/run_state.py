"""What a run is after some epochs, how an epoch ends, and the checkpoint that it goes on from.

How an epoch is trained is not known here: `bench.train.trainer` trains one model, `bench.train.heads` many heads
at once. Both end an epoch the same way and write the same checkpoint, so a run may go on with either.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.errors import DivergedError
from bench.hardware.conditions import Conditions, Part, added
from bench.records.runs import EpochRecord, ValMetrics
from bench.spec import RunSpec
from bench.train.checkpoint import load_checkpoint, restore, save_checkpoint, snapshot
from bench.train.hooks import Hooks, PrunedError, StoppedError
from bench.train.optimizer import make_optimizer
from bench.train.schedule import Best, Plateau, rate, stopper
from bench.train.tallies import Peek

SAVE_EVERY_S = 5.0
"""Epochs that take less than this are not saved one by one: losing a few costs less than writing them."""


@dataclass
class Progress:
    """How far a run is: finished epochs, optimizer steps, seconds spent."""

    epoch: int = 0
    steps: int = 0
    train_s: float = 0.0
    eval_s: float = 0.0
    test_peak: float | None = None
    spent: list[Part] = field(default_factory=list)
    """The seconds of training and evaluation, by the conditions that they were measured under."""

    @classmethod
    def read(cls, state: dict[str, Any]) -> Progress:
        """Return what `dataclasses.asdict` made of one; a checkpoint from before has no `spent`."""
        spent = [Part(part["seconds"], Conditions(**part["conditions"])) for part in state.get("spent", ())]
        return cls(**{**state, "spent": spent})


@dataclass(frozen=True)
class Trained:
    """One trained epoch: mean loss, accuracies on what it trained on, last learning rate, what it took."""

    loss: float
    top1: float
    lr: float
    steps: int
    seconds: float
    cpu_s: float = 0.0
    top5: float | None = None


@dataclass(frozen=True)
class Looked:
    """The evaluation after an epoch; `test` is reported only, and nothing selects by it."""

    val: ValMetrics
    test: Peek | None
    seconds: float
    cpu_s: float = 0.0


class RunState:
    """One run between its epochs; resumes from the checkpoint at `path` where that is of the same run.

    `model` is what trains; its best weights, and those of the last saved epoch, are kept here.
    `micro_batch_size` is how many images of a batch are computed at a time: fewer than all if memory is short.
    `conditions` is asked after each epoch what it was timed under; unknown unless set.
    """

    def __init__(self, model: nn.Module, spec: RunSpec, device: torch.device, hooks: Hooks, path: Path) -> None:
        self.model, self.spec, self.recipe, self.hooks, self.path = model, spec, spec.recipe, hooks, path
        self.progress = Progress()
        self.best = Best(spec.recipe.select)
        self.stopping = stopper(spec.recipe)
        self.plateau = Plateau.of(spec.recipe.schedule)
        self.optimizer = make_optimizer(model, spec.recipe)
        self.scaler = torch.amp.GradScaler(device.type, enabled=spec.precision == "fp16")
        self.best_weights: dict[str, Tensor] = {}
        self.micro_batch_size = spec.recipe.batch_size
        self.save_every_s = SAVE_EVERY_S
        self.conditions: Callable[[], Conditions] = Conditions
        self._saved = (0, time.monotonic())
        self._resume()

    @property
    def over(self) -> bool:
        """Whether the last epoch is done, or early stopping ended the run."""
        early = self.recipe.early_stopping
        stopped = bool(early and self.stopping and self.stopping.bad >= early.patience)
        return stopped or self.progress.epoch >= self.recipe.epochs

    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate of a step of the coming epoch, which has `steps` of them."""
        return rate(self.recipe, self.progress.epoch, step, steps, self.plateau.scale)

    @property
    def saved(self) -> bool:
        """Whether the checkpoint is of the last finished epoch: nothing of it is lost if the run stops now."""
        return self._saved[0] == self.progress.epoch

    def check_stop(self) -> None:
        """Raise StoppedError inside an epoch if told to stop, unless a finished epoch would be lost."""
        if self.hooks.stop() and self.saved:
            raise StoppedError("Stopped.", f"In epoch {self.progress.epoch + 1}.", "Start it again to go on.")

    def end_epoch(self, trained: Trained, looked: Looked) -> None:
        """Take in an epoch: `record` it, then `settle` whether the run goes on."""
        self.record(trained, looked)
        self.settle()

    def record(self, trained: Trained, looked: Looked) -> None:
        """Choose by an epoch and tell the hooks. Raises DivergedError if a loss is not a finite number."""
        done, val = self.progress, looked.val
        if not (math.isfinite(trained.loss) and math.isfinite(val.loss)):
            raise DivergedError(
                f"The loss is {trained.loss} in epoch {done.epoch + 1}.",
                "Training diverged.",
                "Try a smaller learning rate.",
            )
        done.epoch, done.steps = done.epoch + 1, done.steps + trained.steps
        done.train_s, done.eval_s = done.train_s + trained.seconds, done.eval_s + looked.seconds
        under = replace(self.conditions(), cpu_s=trained.cpu_s + looked.cpu_s)
        done.spent = added(done.spent, Part(trained.seconds + looked.seconds, under))
        if looked.test is not None:
            done.test_peak = max(looked.test.top1, done.test_peak or 0.0)
        self._choose(val)
        seconds = (trained.seconds, looked.seconds)
        record = EpochRecord(done.epoch, done.steps, trained.lr, trained.loss, trained.top1, val, *seconds)
        record = replace(record, train_top5=trained.top5)
        if looked.test is not None:
            test = looked.test
            record = replace(record, test_top1=test.top1, test_top5=test.top5, test_loss=test.loss)
        self.hooks.epoch(record)

    def settle(self) -> None:
        """Keep a checkpoint of an epoch that is recorded, in whatever order runs that train together do.

        Raises PrunedError if the hooks end the run at a rung, and StoppedError if it is told to stop; after both
        it can go on.
        """
        done = self.progress
        halt, stop = self.hooks.prune(done.epoch), self.hooks.stop()
        self._save(last=stop or halt is not None)
        if halt is not None:
            raise PrunedError(halt)
        if stop:
            raise StoppedError("Stopped.", f"After epoch {done.epoch}.", "Start it again to go on.")

    def restore_best(self) -> None:
        """Put the weights of the epoch that val chose back into the model."""
        restore(self.model, self.best_weights)

    def _choose(self, val: ValMetrics) -> None:
        epoch = self.progress.epoch
        if self.best.update(val, epoch):
            self.best_weights = snapshot(self.model)
        self.plateau.update(self.recipe.schedule, val, epoch)
        if self.stopping:
            self.stopping.update(val, epoch)

    def _save(self, *, last: bool) -> None:
        now = time.monotonic()
        if not last and now - self._saved[1] < self.save_every_s:
            return
        state: dict[str, Any] = {
            "run_id": self.spec.run_id,
            "progress": asdict(self.progress),
            "model": snapshot(self.model),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "best": asdict(self.best),
            "stopping": asdict(self.stopping) if self.stopping else None,
            "plateau": asdict(self.plateau),
        }
        save_checkpoint(self.path, state)
        self._saved = (self.progress.epoch, now)

    def _resume(self) -> None:
        state = load_checkpoint(self.path, self.spec.run_id, self.hooks.note)
        if state is None:
            return
        self.progress = Progress.read(state["progress"])
        restore(self.model, state["model"])
        self.best_weights = state["best_weights"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.best = Best(**state["best"])
        self.stopping = Best(**state["stopping"]) if state["stopping"] else None
        self.plateau = Plateau(Best(**{**state["plateau"]["best"], "strict": True}), state["plateau"]["scale"])
        self._saved = (self.progress.epoch, time.monotonic())
