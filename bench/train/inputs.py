"""What the trained part of a run reads: kept features, or images. Both give the same splits and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bench.data.raw import OfficialSplit
from bench.data.splits import Split, Splits
from bench.random_keys import shuffled

EVAL_ROWS = 8192


class Inputs(Protocol):
    """Batches on the trained side of the frontier, on the run's device: tuples of what crosses it."""

    splits: Splits

    def training(self, epoch: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Give one epoch's batches and labels, in the order that (seed, epoch) decides."""

    def ordered(self, split: Split) -> Iterator[tuple[Tensor, ...]]:
        """Give a split's batches in its own order, as evaluation sees them."""

    def close(self) -> None:
        """Let go of what loading needed."""


class FeatureInputs:
    """Kept features, gathered once to the device; an epoch then reads memory only."""

    def __init__(
        self,
        arrays: Mapping[OfficialSplit, npt.NDArray[np.float32]],
        splits: Splits,
        *,
        seed: int,
        batch_size: int,
        device: torch.device,
    ) -> None:
        self.splits, self.seed, self.batch_size, self.device = splits, seed, batch_size, device
        self._arrays = arrays
        self._gathered: dict[str, Tensor] = {}
        self._labels = torch.from_numpy(splits.train.labels).to(device)

    def training(self, epoch: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Give one epoch's batches of features (N, F) and labels (N,)."""
        features = self._rows(self.splits.train)
        order = torch.from_numpy(shuffled(len(features), self.seed, epoch)).to(self.device)
        for rows in torch.split(order, self.batch_size):
            yield (features[rows],), self._labels[rows]

    def ordered(self, split: Split) -> Iterator[tuple[Tensor, ...]]:
        """Give a split's features in order."""
        for rows in torch.split(self._rows(split), EVAL_ROWS):
            yield (rows,)

    def close(self) -> None:
        """Nothing is held."""

    def _rows(self, split: Split) -> Tensor:
        if split.digest not in self._gathered:
            rows = np.ascontiguousarray(self._arrays[split.official][split.indices])
            self._gathered[split.digest] = torch.from_numpy(rows).to(self.device)
        return self._gathered[split.digest]
