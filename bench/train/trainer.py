"""Training: epochs over the trained part, a validation after each, early stopping, a checkpoint to go on from."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.data.splits import Split
from bench.device import Clock, autocast, seed_step
from bench.errors import DivergedError
from bench.random_keys import key
from bench.records import EpochRecord, TestMetrics, ValMetrics
from bench.spec import RunSpec
from bench.train.checkpoint import load_checkpoint, restore, save_checkpoint, snapshot
from bench.train.evaluate import Floats, measure
from bench.train.hooks import Hooks, StoppedError
from bench.train.inputs import Inputs
from bench.train.optimizer import make_optimizer
from bench.train.schedule import Best, Plateau, rate, stopper

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


class Trainer:
    """Trains one run's model part; `fit` may be called again after a stop, in this process or another."""

    def __init__(
        self, model: nn.Module, inputs: Inputs, spec: RunSpec, device: torch.device, hooks: Hooks, path: Path
    ) -> None:
        self.model, self.inputs, self.spec, self.recipe = model, inputs, spec, spec.recipe
        self.device, self.hooks, self.path = device, hooks, path
        self.peeks = spec.recipe.best_on_test
        self.progress = Progress()
        self.best = Best(spec.recipe.select)
        self.stopping = stopper(spec.recipe.early_stopping)
        self.plateau = Plateau.of(spec.recipe.schedule)
        self.optimizer = make_optimizer(model, spec.recipe)
        self.scaler = torch.amp.GradScaler(device.type, enabled=spec.precision == "fp16")
        self.loss = nn.CrossEntropyLoss(label_smoothing=spec.recipe.label_smoothing)
        self.best_weights: dict[str, Tensor] = {}
        self._steps_an_epoch = math.ceil(len(inputs.splits.train) / spec.recipe.batch_size)
        self._saved = (0, time.monotonic())
        self._resume()

    def fit(self) -> None:
        """Train to the last epoch or until early stopping; the model is then as after its last epoch.

        Raises StoppedError when told to stop (the checkpoint is then of the last finished epoch) and DivergedError
        where the loss is no longer a finite number.
        """
        while self.progress.epoch < self.recipe.epochs and not self._finished():
            record = self._epoch(self.progress.epoch)
            self.hooks.epoch(record)
            self._save(last=self.hooks.stop())
            if self.hooks.stop():
                raise StoppedError("Stopped.", f"After epoch {record.epoch}.", "Start it again to go on.")

    def logits(self, split: Split) -> Floats:
        """Return the model's scores of a split in order, (N, classes) float32."""
        self.model.eval()
        with torch.inference_mode(), autocast(self.device, self.spec.precision):
            parts = [self.model(batch).float() for batch in self.inputs.ordered(split)]
        return np.ascontiguousarray(torch.cat(parts).cpu().numpy())

    def restore_best(self) -> None:
        """Put the weights of the epoch that val chose back into the model."""
        restore(self.model, self.best_weights)

    def _finished(self) -> bool:
        patience = self.recipe.early_stopping
        return bool(patience and self.stopping and self.stopping.bad >= patience.patience)

    def _epoch(self, epoch: int) -> EpochRecord:
        training, evaluating = Clock(self.device), Clock(self.device)
        with training.running():
            loss, top1, lr = self._train(epoch)
        with evaluating.running():
            val_logits = self.logits(self.inputs.splits.val)
        val = measure(ValMetrics, val_logits, self.inputs.splits.val.labels)
        if not (math.isfinite(loss) and math.isfinite(val.loss)):
            raise DivergedError(
                f"The loss is {loss} in epoch {epoch + 1}.", "Training diverged.", "Try a smaller learning rate."
            )
        done = self.progress
        done.epoch, done.train_s, done.eval_s = (
            epoch + 1,
            done.train_s + training.seconds,
            done.eval_s + evaluating.seconds,
        )
        peek = self._peek()
        if self.best.update(val, done.epoch):
            self.best_weights = snapshot(self.model)
        self.plateau.update(self.recipe.schedule, val, done.epoch)
        if self.stopping:
            self.stopping.update(val, done.epoch)
        seconds = (training.seconds, evaluating.seconds)
        return EpochRecord(done.epoch, done.steps, lr, loss, top1, val, *seconds, test_top1=peek)

    def _train(self, epoch: int) -> tuple[float, float, float]:
        """Train one epoch; returns its mean loss, its accuracy on what it trained on, its last learning rate."""
        self.model.train()
        total = torch.zeros((), device=self.device, dtype=torch.float64)
        right = torch.zeros((), device=self.device, dtype=torch.int64)
        seen, lr = 0, self.recipe.lr
        for step, (batch, labels) in enumerate(self.inputs.training(epoch)):
            if len(labels) == 1 and step:  # batch norm cannot take the statistics of one vector
                break
            if self.hooks.stop() and self._saved[0] == epoch:
                raise StoppedError("Stopped.", f"In epoch {epoch + 1}.", "Start it again to go on.")
            lr = rate(self.recipe, epoch, step, self._steps_an_epoch, self.plateau.scale)
            seed_step(key(self.spec.seed, "dropout", epoch, step))
            loss, scores = self._step(batch, labels, lr)
            total += loss * len(labels)
            right += (scores.argmax(dim=1) == labels).sum()
            seen += len(labels)
            self.progress.steps += 1
            self.hooks.step(step + 1, self._steps_an_epoch)
        return float(total) / seen, int(right) / seen, lr

    def _step(self, batch: Tensor, labels: Tensor, lr: float) -> tuple[Tensor, Tensor]:
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.device, self.spec.precision):
            scores = self.model(batch)
            loss = self.loss(scores, labels)
        self.scaler.scale(loss).backward()
        if self.recipe.clip_grad_norm is not None:
            self.scaler.unscale_(self.optimizer)
            parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.recipe.clip_grad_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.detach(), scores.detach()

    def _peek(self) -> float | None:
        """Look at test, only to report how much choosing by it would have flattered; nothing selects by it."""
        if not self.peeks:
            return None
        test = self.inputs.splits.test
        top1 = measure(TestMetrics, self.logits(test), test.labels).top1
        self.progress.test_peak = max(top1, self.progress.test_peak or 0.0)
        return top1

    def _save(self, *, last: bool) -> None:
        now = time.monotonic()
        if not last and now - self._saved[1] < SAVE_EVERY_S:
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
        state = load_checkpoint(self.path, self.spec.run_id)
        if state is None:
            return
        self.progress = Progress(**state["progress"])
        restore(self.model, state["model"])
        self.best_weights = state["best_weights"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.best = Best(**state["best"])
        self.stopping = Best(**state["stopping"]) if state["stopping"] else None
        self.plateau = Plateau(Best(**state["plateau"]["best"]), state["plateau"]["scale"])
        self._saved = (self.progress.epoch, time.monotonic())
