"""Accuracies and losses that are added up on the device, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bench.data.splits import Split
from bench.metrics.accuracy import first_ones, hits, summed
from bench.metrics.ranks import TOP


def among_first(scores: Tensor, labels: Tensor, classes: Sequence[int] = ()) -> Tensor:
    """Count along (..., N) where fewer than five of scores (..., N, C) come before the label's (`metrics.ranks`).

    Labels are (..., N), or (..., N, targets) of targets with so many `classes`: then it sums over the targets.
    """

    def right(some: Tensor, own: Tensor) -> Tensor:
        finite = some.isfinite().all(dim=-1)
        if some.shape[-1] <= TOP:
            return finite.sum(dim=-1)
        at = own.expand(some.shape[:-1])[..., None]
        score, places = some.gather(-1, at), torch.arange(some.shape[-1], device=some.device)
        before = (some > score) | ((some == score) & (places < at))
        return ((before.sum(dim=-1) < TOP) & finite).sum(dim=-1)

    return summed(right, scores, labels, classes)


def cross_entropies(scores: Tensor, labels: Tensor, classes: Sequence[int] = ()) -> Tensor:
    """Sum the cross-entropy of scores (..., N, C) float32 along (..., N); labels are as in `among_first`."""

    def loss(some: Tensor, own: Tensor) -> Tensor:
        score = some.gather(-1, own.expand(some.shape[:-1])[..., None])[..., 0]
        return (some.logsumexp(dim=-1) - score).sum(dim=-1)

    return summed(loss, scores, labels, classes)


def right_ones(scores: Tensor, labels: Tensor, classes: Sequence[int] = ()) -> Tensor:
    """Count along (..., N) how many labels come first, and how many among the first five: (..., 2).

    Scores are (..., N, C), labels (..., N) or, of targets with so many `classes`, (..., N, targets).
    """
    return torch.stack([count(scores, labels, classes) for count in (first_ones, among_first)], dim=-1)


class Peek(NamedTuple):
    """Metrics of test between epochs, reported and never used to choose; of several targets means over them."""

    top1: float
    top5: float
    loss: float


class Peeking:
    """Accumulates the test metrics of one model, or of several at once."""

    def __init__(self, split: Split, device: torch.device) -> None:
        self._labels, self._classes = torch.from_numpy(split.labels).to(device), split.classes
        self._at, self._sums = 0, list[Tensor]()

    def add(self, scores: Tensor) -> None:
        """Take in the scores (..., N, classes) float32 of the next N images."""
        labels = self._labels[self._at : self._at + scores.shape[-2]]
        sums = [count(scores, labels, self._classes).float() for count in (hits, among_first, cross_entropies)]
        self._sums.append(torch.stack(sums, dim=-1))
        self._at += len(labels)

    def results(self) -> list[Peek]:
        """Return the metrics of each model, in order."""
        means = torch.stack(self._sums).cpu().double().sum(dim=0) / self._labels.numel()
        return [Peek(*each) for each in means.view(-1, len(Peek._fields)).tolist()]
