"""Some heads computed together: their steps, epochs and evaluations, all in one thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from itertools import groupby

import torch
from torch import Tensor, nn

from bench.data.splits import Split
from bench.hardware.device import is_accelerator, seed_step, sum_dtype
from bench.metrics.accuracy import measure
from bench.random_keys import key
from bench.records.runs import ValMetrics
from bench.train.heads.alone import Alone
from bench.train.heads.stacked import Drawn, StackedHeads, draw
from bench.train.hooks import Hooks, StoppedError
from bench.train.inputs import FeatureInputs
from bench.train.loss import Loss
from bench.train.optimizer import Together
from bench.train.out_of_memory import Halving
from bench.train.run_state import Looked, RunState, Trained
from bench.train.tallies import Peek, Peeking, right_ones

Batches = list[tuple[Tensor, Tensor]]
"""Features (B, F) and labels, (B,) or (B, targets), for each stream."""

DRAWING = threading.Lock()
"""Held from seeding torch's random state, which threads share, until everything of a step is drawn."""


class Stream:
    """Runs at the same epoch that draw the same batches and the same dropout masks."""

    def __init__(self, states: Sequence[RunState]) -> None:
        self.states, self.seed = states, states[0].spec.seed

    @property
    def epoch(self) -> int:
        """The epoch that they train next, from 0."""
        return self.states[0].progress.epoch

    def draw(self, batch: Tensor, step: int) -> Drawn:
        """Draw the dropouts of a step, as each of the runs does alone."""
        with DRAWING:
            seed_step(key(self.seed, "dropout", self.epoch, step))
            return draw(head_of(self.states[0]), batch)


class Lockstep:
    """Runs of one company that take their steps together, each at its own epoch; heads are computed in fp32.

    Recorded seconds are those of training alone. `hooks` are asked to stop, and told of steps.
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
        self.states = sorted(states, key=stream_key)
        self._streams = [Stream(list(same)) for _, same in groupby(self.states, key=stream_key)]
        self._stack = StackedHeads([head_of(s) for s in self.states], [len(s.states) for s in self._streams])
        self._optimizers = Together([state.optimizer for state in self.states])
        recipes, spec = [state.recipe for state in self.states], states[0].spec
        self._classes = inputs.splits.train.classes
        self._loss = Loss([recipe.label_smoothing for recipe in recipes], device, self._classes)
        self._limits = torch.tensor([r.clip_grad_norm or math.inf for r in recipes], device=device)
        self._clips = any(recipe.clip_grad_norm is not None for recipe in recipes)
        self._batch_size, self._evaluated = spec.recipe.batch_size, Halving(device)
        self._steps = math.ceil(len(inputs.splits.train) / self._batch_size)

    def logits(self, state: RunState, split: Split) -> Tensor:
        """Return one run's scores of a split in order, (N, classes) float32."""
        at = self.states.index(state)
        return torch.cat(list(self._scores(split, slice(at, at + 1))), dim=1)[0]

    def epoch(self) -> list[tuple[Trained, Looked]]:
        """Train every run for an epoch and evaluate it, in the order of `states`.

        Raises StoppedError where it is told to stop and every run's last epoch is safe in its checkpoint.
        """
        return list(zip(self._train(), self._look(), strict=True))

    def _train(self) -> list[Trained]:
        total = torch.zeros(len(self.states), device=self.device, dtype=sum_dtype(self.device))
        right = torch.zeros(len(self.states), 2, device=self.device, dtype=torch.int64)
        seen, asked, steps, rates = 0, 0, 0, [0.0 for _ in self.states]
        for step, batches in enumerate(self._batches()):
            images = len(batches[0][1])
            if step and images == 1 < self._batch_size:  # as alone
                break
            if self.hooks.stop() and all(state.saved for state in self.states):
                raise StoppedError("Stopped.", "Inside an epoch.", "Start it again to go on.")
            rates = [state.rate(step, self._steps) for state in self.states]
            losses, correct = self._step(step, batches, rates)
            total, right = total + losses * images, right + correct
            seen, asked, steps = seen + images, asked + batches[0][1].numel(), steps + 1
            self.hooks.step(step + 1, self._steps)
        each = zip((total.cpu() / seen).tolist(), (right.cpu().double() / asked).tolist(), rates, strict=True)
        alone = steps * self.alone.step_s, steps * self.alone.step_cpu_s
        return [Trained(loss, top1, lr, steps, *alone, top5) for loss, (top1, top5), lr in each]

    def _batches(self) -> Iterator[Batches]:
        """Give a batch to each stream, read once for those that draw the same."""
        wanted = list(dict.fromkeys((stream.seed, stream.epoch) for stream in self._streams))
        read = [self.inputs.with_seed(seed).training(epoch) for seed, epoch in wanted]
        for given in zip(*read, strict=True):
            batch = {which: (features, labels) for which, ((features,), labels) in zip(wanted, given, strict=True)}
            yield [batch[stream.seed, stream.epoch] for stream in self._streams]

    def _step(self, step: int, batches: Batches, rates: Sequence[float]) -> tuple[Tensor, Tensor]:
        drawn = [s.draw(batch, step) for s, (batch, _) in zip(self._streams, batches, strict=True)]
        each = zip(self._streams, batches, strict=True)
        labels = torch.cat([own.expand(len(stream.states), *own.shape) for stream, (_, own) in each])
        scores = self._stack.scores(drawn)
        losses = self._loss(scores, labels)
        self._stack.backward(losses.sum())
        if self._clips:
            self._clip()
        self._optimizers.step(rates)
        return losses.detach(), right_ones(scores.detach(), labels, self._classes)

    def _clip(self) -> None:
        """Scale each run's gradients as torch's clip_grad_norm_ does, with its own limit."""
        gradients = self._stack.gradients
        norms = [torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients]
        norm = torch.linalg.vector_norm(torch.stack(norms, dim=1), dim=1)  # along rows: summed up as one run's
        scale = ((norm + 1e-6).reciprocal() * self._limits).clamp(max=1.0)
        scale[self._limits.isinf()] = 1.0
        if is_accelerator(self.device) or bool((scale != 1.0).any()):  # an accelerator is not waited for
            for gradient in gradients:
                gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))

    def _look(self) -> list[Looked]:
        """Evaluate every run on val and, to report it only, on test."""
        val, test = self.inputs.splits.val, self.inputs.splits.test
        metrics = self._evaluated(self._metrics, self._stack.at_once(len(val)))
        peeks = self._evaluated(self._peek, self._stack.at_once(len(test)))
        alone = self.alone.eval_s, self.alone.eval_cpu_s
        return [Looked(m, peek, *alone) for m, peek in zip(metrics, peeks, strict=True)]

    def _metrics(self, at_once: int) -> list[ValMetrics]:
        """Measure val, of so many runs at once."""
        val, metrics = self.inputs.splits.val, list[ValMetrics]()
        for rows in self._chunks(at_once):
            scores = torch.cat(list(self._scores(val, rows)), dim=1).cpu().numpy()
            metrics += [measure(ValMetrics, own, val.labels, val.classes) for own in scores]
        return metrics

    def _peek(self, at_once: int) -> list[Peek]:
        """Measure test, of so many runs at once."""
        split, found = self.inputs.splits.test, list[Peek]()
        for rows in self._chunks(at_once):
            peeking = Peeking(split, self.device)
            for scores in self._scores(split, rows):
                peeking.add(scores)
            found += peeking.results()
        return found

    def _chunks(self, at_once: int) -> list[slice]:
        """Cut the runs into stretches of at most so many."""
        return [slice(i, min(i + at_once, len(self.states))) for i in range(0, len(self.states), at_once)]

    def _scores(self, split: Split, rows: slice) -> Iterator[Tensor]:
        """Give the scores (r, N, classes) of some runs, batch by batch of a split."""
        with torch.inference_mode():
            for (batch,) in self.inputs.ordered(split):
                yield self._stack.evaluate(batch, rows)


def head_of(state: RunState) -> nn.Sequential:
    """Return the head that a run trains."""
    assert isinstance(state.model, nn.Sequential)  # noqa: S101 - for mypy: every head is one
    return state.model


def stream_key(state: RunState) -> tuple[int, int, tuple[str, ...]]:
    """Tell streams apart: runs of one draw the same batches and the same dropout masks."""
    return state.spec.seed, state.progress.epoch, state.recipe.head
