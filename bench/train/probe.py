"""Logistic regression on kept features by L-BFGS: a linear probe without a learning rate.

For each weight decay of a grid, from the strongest to the weakest, it minimises

    mean cross-entropy + weight_decay / 2 * (sum of squared weights)

over all training images at once, beginning where the one before ended (the first begins at zero). Weights act on
standardised features (mean 0 and standard deviation 1 over the training images), so that one grid suits every
backbone; the bias is not decayed. In scikit-learn's LogisticRegression that is C = 1 / (images * weight_decay).
Of T targets the mean of their cross-entropies counts: each is fitted as it is alone with T times the weight decay.
An epoch of such a run is one weight decay: val chooses among them as among epochs, and early stopping leaves the
rest of the grid out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bench.hardware.device import Clock
from bench.metrics.accuracy import measure
from bench.records.runs import TrainMetrics
from bench.records.targets import spans
from bench.spec import RunSpec
from bench.train.hooks import Hooks
from bench.train.inputs import FeatureInputs
from bench.train.run_state import Trained
from bench.train.trainer import Trainer

STRONGEST, WEAKEST = 10.0, 1e-6

MOST_STEPS = 200
"""L-BFGS steps for a weight decay at most; fewer where no gradient is over `FLAT`."""

FLAT, HISTORY = 2e-6, 20

HELD_BYTES = 1 << 28
"""Features are held as the batches that they are read in if they take no more than this."""


def weight_decay(epoch: int, epochs: int) -> float:
    """Return the weight decay of an epoch (from 1) of a grid that is even in its logarithm."""
    return float(np.geomspace(STRONGEST, WEAKEST, epochs)[epoch - 1])


class Probe(Trainer):
    """Fits a head of one linear layer to kept features.

    The solver computes in float64 on the CPU, the products with the features in float32 on the device. The head
    takes the features as they are: standardising is folded into its weights after each epoch, and taken out of
    them before the next, so that a run that goes on from a checkpoint ends with the same bits.
    """

    def __init__(
        self, head: nn.Module, inputs: FeatureInputs, spec: RunSpec, device: torch.device, hooks: Hooks, path: Path
    ) -> None:
        for parameter in head.parameters():
            nn.init.zeros_(parameter)
        super().__init__(head, inputs, spec, device, hooks, path)
        train = inputs.splits.train
        self._labels = torch.from_numpy(train.labels).to(device).view(len(train), -1)
        self._spans = spans(train.classes) or [slice(None)]
        self._held = [x for (x,) in inputs.ordered(train)] if inputs.bytes(train) <= HELD_BYTES else None
        self._mean, self._std = self._moments()

    def _train(self) -> Trained:
        """Solve for the coming epoch's weight decay."""
        clock, train = Clock(self.device), self.inputs.splits.train
        with clock.running():
            steps = self._solve(weight_decay(self.state.progress.epoch + 1, self.recipe.epochs))
        fitted = measure(TrainMetrics, self.logits(train), train.labels, train.classes)
        return Trained(fitted.loss, fitted.top1, 1.0, steps, clock.seconds, clock.cpu_s, fitted.top5)

    def _solve(self, decay: float) -> int:
        """Fit the head; returns how many steps it took."""
        layer_weight, layer_bias = self.model.parameters()
        weight = layer_weight.detach().cpu().double() * self._std
        bias = layer_bias.detach().cpu().double() + layer_weight.detach().cpu().double() @ self._mean
        solver = torch.optim.LBFGS(
            [weight, bias], 1.0, MOST_STEPS, None, FLAT, 1e-9, HISTORY, line_search_fn="strong_wolfe"
        )

        def objective() -> float:
            self.state.check_stop()
            loss, weight.grad, bias.grad = self._cross_entropy(*self._folded(weight, bias))
            weight.grad = (weight.grad - bias.grad[:, None] * self._mean) / self._std + decay * weight
            self.hooks.step(min(solver.state[weight].get("n_iter", 0), MOST_STEPS), MOST_STEPS)
            return loss + decay / 2 * float(weight.square().sum())

        solver.step(objective)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for parameter, value in zip((layer_weight, layer_bias), self._folded(weight, bias), strict=True):
                parameter.copy_(value)
        return int(solver.state[weight]["n_iter"])

    def _folded(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weight and bias that do to the features what the given ones do to standardised features."""
        folded = weight / self._std
        return folded, bias - folded @ self._mean

    def _cross_entropy(self, weight: Tensor, bias: Tensor) -> tuple[float, Tensor, Tensor]:
        """Return the mean cross-entropy over all training images, and its gradients (float64)."""
        count, at, loss = self._labels.numel(), 0, 0.0
        on_device = weight.float().to(self.device), bias.float().to(self.device)
        gradients = torch.zeros_like(weight), torch.zeros_like(bias)
        for x in self._batches():
            scores = nn.functional.linear(x, *on_device)
            for target, span in enumerate(self._spans):
                labels = self._labels[at : at + len(x), target, None]
                logs = scores[:, span].log_softmax(dim=1)
                loss -= float(logs.gather(1, labels).cpu().double().sum())
                off = logs.exp() - nn.functional.one_hot(labels[:, 0], logs.shape[1])
                gradients[0][span].add_((off.t() @ x).cpu())
                gradients[1][span].add_(off.sum(dim=0).cpu())
            at += len(x)
        return loss / count, gradients[0] / count, gradients[1] / count

    def _moments(self) -> tuple[Tensor, Tensor]:
        """Return the mean and standard deviation (F,) of each feature; a feature that is always the same has 1."""
        count = len(self._labels)
        mean = torch.stack([x.cpu().double().sum(dim=0) for x in self._batches()]).sum(dim=0) / count
        squares = [(x.cpu().double() - mean).square().sum(dim=0) for x in self._batches()]
        std = (torch.stack(squares).sum(dim=0) / count).sqrt()
        return mean, torch.where(std > 1e-6 * mean.abs(), std, 1.0)

    def _batches(self) -> Iterable[Tensor]:
        return self._held or (x for (x,) in self.inputs.ordered(self.inputs.splits.train))
