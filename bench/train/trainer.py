"""Training one model: epochs of steps over the trained part of a run, an evaluation after each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bench.data.splits import Split
from bench.hardware.device import Clock, autocast, seed_step, sum_dtype
from bench.metrics.accuracy import Floats, measure
from bench.random_keys import key
from bench.records.runs import ValMetrics
from bench.spec import RunSpec
from bench.train.hooks import Hooks
from bench.train.inputs import Inputs
from bench.train.loss import Loss
from bench.train.micro_batches import noise_of, obstacle, parts_of
from bench.train.out_of_memory import Halving, batch_does_not_fit, in_parts
from bench.train.run_state import Looked, RunState, Trained
from bench.train.tallies import Peek, Peeking, right_ones


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
        self.loss = Loss([spec.recipe.label_smoothing], device, inputs.splits.train.classes)
        self._steps_an_epoch = math.ceil(len(inputs.splits.train) / spec.recipe.batch_size)
        self._divided, self._evaluated = Halving(device, self._smaller), Halving(device)

    def fit(self) -> None:
        """Train to the last epoch or until early stopping; the model is then as after its last epoch.

        Raises StoppedError when told to stop (the checkpoint is then of the last finished epoch) and DivergedError
        where the loss is no longer a finite number.
        """
        while not self.state.over:
            self.state.end_epoch(self._train(), self._look())

    def logits(self, split: Split) -> Floats:
        """Return the model's scores of a split in order, (N, classes) float32."""
        return np.ascontiguousarray(torch.cat(list(self._scores(split))).cpu().numpy())

    def step(self, number: int, batch: tuple[Tensor, ...], labels: Tensor) -> tuple[Tensor, Tensor, float]:
        """Take an optimizer step of the current epoch.

        Returns the loss, how many labels come first and how many among the first five, (2,), and the rate. A batch
        that memory has no room for is computed in parts if that is the same (`bench.train.micro_batches`); raises
        OutOfMemoryError, which names the batch size that fits, if it is not.
        """
        optimizer, scaler = self.state.optimizer, self.state.scaler
        lr = self.state.rate(number, self._steps_an_epoch)
        for group in optimizer.param_groups:
            group["lr"] = lr
        seed = key(self.spec.seed, "dropout", self.state.progress.epoch, number)
        loss, right = self._divided(partial(self._gradients, seed, batch, labels), len(labels))
        if self.recipe.clip_grad_norm is not None:
            scaler.unscale_(optimizer)
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.recipe.clip_grad_norm)
        scaler.step(optimizer)
        scaler.update()
        return loss, right, lr

    def _gradients(self, seed: int, batch: tuple[Tensor, ...], labels: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Compute a step's gradients, `size` images at a time; returns its loss and how many labels are right."""
        self.state.optimizer.zero_grad(set_to_none=True)
        images = len(labels)
        if size >= images:
            return self._added(seed, batch, labels)
        if reason := obstacle(self.model):
            fits = self._batch_that_fits(seed, batch, labels, size)
            raise batch_does_not_fit(self.spec, self.device, reason, fits) from None
        parts = []
        for rows in parts_of(images, size):
            with noise_of(self.model, images, rows):
                parts.append(self._added(seed, tuple(t[rows] for t in batch), labels[rows], images))
        loss, right = (torch.stack(each).sum(dim=0) for each in zip(*parts, strict=True))
        return loss, right

    def _added(
        self, seed: int, batch: tuple[Tensor, ...], labels: Tensor, of: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Add the gradients of a batch, or of a part of one of `of` images; returns its weighted loss and hits."""
        seed_step(seed)
        with autocast(self.device, self.spec.precision):
            scores = self.model(*batch)
        loss = self.loss(scores[None], labels[None])[0]
        if of is not None:
            loss = loss * (len(labels) / of)
        self.state.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        return loss.detach(), right_ones(scores.detach(), labels, self.inputs.splits.train.classes)

    def _batch_that_fits(self, seed: int, batch: tuple[Tensor, ...], labels: Tensor, size: int) -> int | None:
        """Find by trying the largest batch of `size`, half of it, ... that a step has room for; None if none has.

        The model is of no use afterwards: its norms have seen other batches.
        """

        def tried(images: int) -> int:
            parameters = [p for p in self.model.parameters() if p.requires_grad]
            state = [] if self.state.optimizer.state else [torch.empty_like(p) for p in parameters * 2]
            self._added(seed, tuple(t[:images] for t in batch), labels[:images])
            del state  # what the optimizer's first step will allocate
            return images

        try:
            return Halving(self.device)(tried, size)
        except Exception:  # noqa: BLE001 - a norm refuses one image: nothing fits
            return None
        finally:
            self.state.optimizer.zero_grad(set_to_none=True)

    def _smaller(self, size: int) -> None:
        """Note that steps are computed in parts from now on."""
        self.state.micro_batch_size = size
        if obstacle(self.model) is None:
            self.hooks.note(
                f"{self.spec.backbone.name}, {self.spec.strategy}: memory has no room for a step of "
                f"{self.recipe.batch_size} images. It is computed {size} at a time, which adds up to the same."
            )

    def _scores(self, split: Split) -> Iterator[Tensor]:
        """Yield the scores (N, classes) float32 of a split, batch by batch in order."""
        self.model.eval()
        with torch.inference_mode(), autocast(self.device, self.spec.precision):
            for batch in self.inputs.ordered(split):
                yield in_parts(self._evaluated, self.model, batch).float()

    def _look(self) -> Looked:
        """Evaluate on val, and on test where it peeks; peeking is not counted as evaluation time."""
        val, test, clock = self.inputs.splits.val, self.inputs.splits.test, Clock(self.device)
        with clock.running():
            logits = self.logits(val)
        peek = self._peek(test) if self.peeks else None
        return Looked(measure(ValMetrics, logits, val.labels, val.classes), peek, clock.seconds, clock.cpu_s)

    def _peek(self, split: Split) -> Peek:
        peeking = Peeking(split, self.device)
        for scores in self._scores(split):
            peeking.add(scores)
        return peeking.results()[0]

    def _train(self) -> Trained:
        self.model.train()
        total = torch.zeros((), device=self.device, dtype=sum_dtype(self.device))
        right = torch.zeros(2, device=self.device, dtype=torch.int64)
        seen, asked, steps, lr, clock = 0, 0, 0, self.recipe.lr, Clock(self.device)
        with clock.running():
            for step, (batch, labels) in enumerate(self.inputs.training(self.state.progress.epoch)):
                if step and len(labels) == 1 < self.recipe.batch_size:  # a rest of one has no batch statistics
                    break
                self.state.check_stop()
                loss, correct, lr = self.step(step, batch, labels)
                total, right = total + loss * len(labels), right + correct
                seen, asked, steps = seen + len(labels), asked + labels.numel(), steps + 1
                self.hooks.step(steps, self._steps_an_epoch)
        top1, top5 = (count / asked for count in right.cpu().tolist())
        return Trained(float(total) / seen, top1, lr, steps, clock.seconds, clock.cpu_s, top5)
