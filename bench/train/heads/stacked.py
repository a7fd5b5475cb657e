"""R heads of one shape computed at once, each still a module of its own: its parameters are rows of stacked ones.

Every product is a batch of R products, each of them as large as a single head's: the kernels then compute a head
in company as they compute it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from bench.models.dropout import factors

SAME_FOR_ALL = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Tanh)
"""Layers without parameters or randomness: one call computes them for all heads."""

EVAL_FLOATS = 1 << 25
"""An evaluation has at most so many numbers in memory at once."""


def stackable(head: nn.Sequential) -> bool:
    """Say whether a head's layers can be stacked: linear layers, dropout and activations can, norms cannot."""
    return all(isinstance(layer, (nn.Linear, nn.Dropout, *SAME_FOR_ALL)) for layer in head)


@dataclass(frozen=True)
class Drawn:
    """What one stream of heads sees of a batch: the input (B, F) of the first linear layer, dropped out.

    `masks` are the factors (B, H) of the dropouts behind it, by the place of the layer that they stand before.
    """

    inputs: Tensor
    masks: dict[int, Tensor] = field(default_factory=dict)


def draw(head: nn.Sequential, batch: Tensor) -> Drawn:
    """Draw a head's dropouts in the order in which it draws them alone, from torch's random state as it is now.

    The places of `masks` count its layers without the dropouts.
    """
    place, first, masks, width = 0, True, dict[int, Tensor](), 0
    for layer in head:
        if isinstance(layer, nn.Dropout):
            if layer.p and first:
                batch = batch * factors(batch, layer.p)
            elif layer.p:
                mask = factors(torch.empty(len(batch), width, device=batch.device), layer.p)
                masks[place] = masks[place] * mask if place in masks else mask
            continue
        if isinstance(layer, nn.Linear):
            first, width = False, layer.out_features
        elif first:
            batch = layer(batch)
        place += 1
    return Drawn(batch, masks)


class StackedLinear:
    """Linear layers of one shape: weights (R, out, in), biases (R, out), and buffers for their gradients."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        self.weight, self.weight_grad = _stack([layer.weight for layer in layers])
        self.bias, self.bias_grad = _stack([layer.bias for layer in layers])

    def forward(self, x: Tensor, rows: slice = slice(None)) -> Tensor:
        """Map x (r, B, in) to (r, B, out) with some rows of the stack."""
        return torch.baddbmm(self.bias[rows, None], x, self.weight[rows].transpose(1, 2))

    def write_grad(self, x: Tensor, grad: Tensor, rows: slice = slice(None)) -> None:
        """Write the gradients of some rows, given their input x (r, B, in) and their output's gradient."""
        torch.bmm(grad.transpose(1, 2), x, out=self.weight_grad[rows])
        self.bias_grad[rows] = grad.sum(dim=1)


def _stack(parameters: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Stack parameters, which become views of the stack, as their gradients become views of a second one."""
    stacked = torch.stack([p.detach() for p in parameters])
    grad = torch.zeros_like(stacked)
    for parameter, row, grad_row in zip(parameters, stacked, grad, strict=True):
        parameter.data, parameter.grad = row, grad_row
    return stacked, grad


def unstack(head: nn.Sequential) -> None:
    """Give a head parameters of its own again: its rows would keep the whole stack in memory."""
    for parameter in head.parameters():
        parameter.data, parameter.grad = parameter.data.clone(), None


class StackedHeads:
    """Heads that differ in nothing but their numbers and their dropouts, in streams of so many heads each.

    The heads of a stream see the same batch and the same dropout masks.
    """

    def __init__(self, heads: Sequence[nn.Sequential], streams: Sequence[int]) -> None:
        layers = [[layer for layer in head if not isinstance(layer, nn.Dropout)] for head in heads]
        self._layers: list[StackedLinear | Callable[[Tensor], Tensor]] = [
            StackedLinear(same) if isinstance(same[0], nn.Linear) else same[0]
            for same in zip(*layers, strict=True)
        ]
        self.count = len(heads)
        self.streams = [slice(*ends) for ends in pairwise((0, *accumulate(streams)))]
        self._first = next(i for i, layer in enumerate(self._layers) if isinstance(layer, StackedLinear))
        self._taken: list[tuple[StackedLinear, list[tuple[Tensor, slice]], Tensor]] = []

    @property
    def gradients(self) -> list[Tensor]:
        """The gradients of all heads, (R, ...) each: of the weights in layer order, then of the biases."""
        linear = [layer for layer in self._layers if isinstance(layer, StackedLinear)]
        return [layer.weight_grad for layer in linear] + [layer.bias_grad for layer in linear]

    def scores(self, drawn: Sequence[Drawn]) -> Tensor:
        """Map what each stream drew to scores (R, B, classes) in training mode; `backward` follows."""
        first = self._layers[self._first]
        assert isinstance(first, StackedLinear)  # noqa: S101 - for mypy: `_first` is found that way
        inputs = [
            (d.inputs.expand(_length(rows), -1, -1), rows) for d, rows in zip(drawn, self.streams, strict=True)
        ]
        parts = [first.forward(x, rows) for x, rows in inputs]
        hidden = (torch.cat(parts) if len(parts) > 1 else parts[0]).requires_grad_()
        self._taken = [(first, inputs, hidden)]
        for place, layer in enumerate(self._layers[self._first + 1 :], start=self._first + 1):
            hidden = self._dropped(hidden, place, drawn)
            if isinstance(layer, StackedLinear):
                before, hidden = hidden, layer.forward(hidden)
                self._taken.append((layer, [(before.detach(), slice(None))], hidden))
            else:
                hidden = layer(hidden)
        return self._dropped(hidden, len(self._layers), drawn)

    def backward(self, loss: Tensor) -> None:
        """Write every gradient of the loss of the last `scores`."""
        grads = torch.autograd.grad(loss, [output for _, _, output in self._taken])
        for (layer, inputs, _), grad in zip(self._taken, grads, strict=True):
            for x, rows in inputs:
                layer.write_grad(x, grad[rows], rows)
        self._taken = []

    def evaluate(self, batch: Tensor, rows: slice) -> Tensor:
        """Map a batch (N, F) to the scores (r, N, classes) of some heads, without dropout."""
        hidden = batch[None]
        for layer in self._layers:
            if isinstance(layer, StackedLinear):
                hidden = layer.forward(hidden.expand(_length(rows), -1, -1), rows)
            else:
                hidden = layer(hidden)
        return hidden

    def at_once(self, images: int) -> int:
        """Return how many heads are evaluated at once on so many images.

        In memory together are a layer's input and output, and at the end the scores and a copy of them. The batch
        that all heads read is expanded, which copies nothing.
        """
        width, most = 0, 0
        for layer in self._layers:
            before = width
            width = layer.bias.shape[1] if isinstance(layer, StackedLinear) else before
            most = max(most, before + width)
        return max(1, min(self.count, EVAL_FLOATS // max(1, images * max(most, 2 * width))))

    def _dropped(self, hidden: Tensor, place: int, drawn: Sequence[Drawn]) -> Tensor:
        """Drop out before the layer at `place`, where any stream does."""
        if not any(place in d.masks for d in drawn):
            return hidden
        factors = [d.masks.get(place, torch.ones_like(hidden[0])) for d in drawn]
        if len(factors) == 1:
            return hidden * factors[0]
        each = [f.expand(_length(rows), -1, -1) for f, rows in zip(factors, self.streams, strict=True)]
        return hidden * torch.cat(each)


def _length(rows: slice) -> int:
    return int(rows.stop - rows.start)
