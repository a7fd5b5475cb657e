"""Training one model: epochs of steps over the trained part of a run, an evaluation after each."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bench.data.splits import Split
from bench.device import Clock, autocast, seed_step
from bench.random_keys import key
from bench.records import TestMetrics, ValMetrics
from bench.spec import RunSpec
from bench.train.evaluate import Floats, measure
from bench.train.hooks import Hooks
from bench.train.inputs import Inputs
from bench.train.run_state import Looked, RunState, Trained


class Trainer:
    """Trains one run's model part; `fit` may be called again after a stop, in this process or another.

    `peeks` says whether test is looked at after each epoch, only to report how much choosing by it would flatter.
    """

    def __init__(
        self, model: nn.Module, inputs: Inputs, spec: RunSpec, device: torch.device, hooks: Hooks, path: Path
    ) -> None:
        self.model, self.inputs, self.spec, self.recipe = model, inputs, spec, spec.recipe
        self.device, self.hooks = device, hooks
        self.peeks = spec.recipe.best_on_test
        self.state = RunState(model, spec, device, hooks, path)
        self.loss = nn.CrossEntropyLoss(label_smoothing=spec.recipe.label_smoothing)
        self._steps_an_epoch = math.ceil(len(inputs.splits.train) / spec.recipe.batch_size)

    def fit(self) -> None:
        """Train to the last epoch or until early stopping; the model is then as after its last epoch.

        Raises StoppedError when told to stop (the checkpoint is then of the last finished epoch) and DivergedError
        where the loss is no longer a finite number.
        """
        while not self.state.over:
            trained = self._train(self.state.progress.epoch)
            self.state.end_epoch(trained, self._look())

    def logits(self, split: Split) -> Floats:
        """Return the model's scores of a split in order, (N, classes) float32."""
        self.model.eval()
        with torch.inference_mode(), autocast(self.device, self.spec.precision):
            parts = [self.model(*batch).float() for batch in self.inputs.ordered(split)]
        return np.ascontiguousarray(torch.cat(parts).cpu().numpy())

    def _look(self) -> Looked:
        """Evaluate on val, and on test where it peeks; peeking is not counted as evaluation time."""
        val, test, clock = self.inputs.splits.val, self.inputs.splits.test, Clock(self.device)
        with clock.running():
            logits = self.logits(val)
        peek = measure(TestMetrics, self.logits(test), test.labels).top1 if self.peeks else None
        return Looked(measure(ValMetrics, logits, val.labels), peek, clock.seconds)

    def _train(self, epoch: int) -> Trained:
        self.model.train()
        total = torch.zeros((), device=self.device, dtype=torch.float64)
        right = torch.zeros((), device=self.device, dtype=torch.int64)
        seen, steps, lr, clock = 0, 0, self.recipe.lr, Clock(self.device)
        with clock.running():
            for step, (batch, labels) in enumerate(self.inputs.training(epoch)):
                if len(labels) == 1 and step:  # batch norm cannot take the statistics of one vector
                    break
                self.state.check_stop()
                lr = self.state.rate(step, self._steps_an_epoch)
                seed_step(key(self.spec.seed, "dropout", epoch, step))
                loss, scores = self._step(batch, labels, lr)
                total += loss * len(labels)
                right += (scores.argmax(dim=1) == labels).sum()
                seen, steps = seen + len(labels), steps + 1
                self.hooks.step(step + 1, self._steps_an_epoch)
        return Trained(float(total) / seen, int(right) / seen, lr, steps, clock.seconds)

    def _step(self, batch: tuple[Tensor, ...], labels: Tensor, lr: float) -> tuple[Tensor, Tensor]:
        optimizer, scaler = self.state.optimizer, self.state.scaler
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.zero_grad(set_to_none=True)
        with autocast(self.device, self.spec.precision):
            scores = self.model(*batch)
            loss = self.loss(scores, labels)
        scaler.scale(loss).backward()
        if self.recipe.clip_grad_norm is not None:
            scaler.unscale_(optimizer)
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.recipe.clip_grad_norm)
        scaler.step(optimizer)
        scaler.update()
        return loss.detach(), scores.detach()
