"""What the trained part of a run reads: kept activations, or images. Both give the same splits and labels."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bench.data.splits import Split, Splits
from bench.random_keys import shuffled, view_of
from bench.train.frozen.cache import Array, Kept
from bench.train.frozen.cache import Rows as HeldRows
from bench.train.frozen.wanted import view_name
from bench.train.out_of_memory import if_it_fits

EVAL_ROWS = 8192
EVAL_BYTES = 1 << 26
"""An evaluation takes so many rows at once, or as many as fit so many bytes."""

HELD_BYTES = 1 << 29
"""A split's activations are gathered on the device if they take no more than this, else read from the map."""

Rows = npt.NDArray[np.int64]


class Inputs(Protocol):
    """Batches on the trained side of the frontier, on the run's device: tuples of what crosses it."""

    splits: Splits

    def training(self, epoch: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Give one epoch's batches and labels, in the order that (seed, epoch) decides."""

    def ordered(self, split: Split) -> Iterator[tuple[Tensor, ...]]:
        """Give a split's batches in its own order, as evaluation sees them."""

    def close(self) -> None:
        """Let go of what loading needed."""


class Rowed:
    """Rows of one part of the cache, as tensors on the device: each read copies, so what reads may change them."""

    def __init__(self, kept: Kept, indices: Rows, channels_last: tuple[bool, ...], device: torch.device) -> None:
        self.kept, self.indices, self.channels_last, self.device = kept, indices, channels_last, device
        self.row_bytes = sum(array[:1].nbytes for array in kept)
        self._held: tuple[Tensor, ...] | None = None
        if self.row_bytes * len(indices) <= HELD_BYTES:
            self._held = if_it_fits(lambda: tuple(torch.from_numpy(array[indices]).to(device) for array in kept))

    def __len__(self) -> int:
        return len(self.indices)

    def take(self, rows: Rows) -> tuple[Tensor, ...]:
        """Copy rows, by their position in the split, as float32 tensors (N, ...)."""
        if self._held is not None:
            on_device = torch.from_numpy(rows).to(self.device)
            tensors = [held.index_select(0, on_device) for held in self._held]
        else:
            tensors = [self._read(array, rows) for array in self.kept]
        return tuple(self._shaped(t, last=last) for t, last in zip(tensors, self.channels_last, strict=True))

    def _read(self, array: Array, rows: Rows) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(array[self.indices[rows]]))
        return tensor.to(self.device, non_blocking=True)

    def _shaped(self, tensor: Tensor, *, last: bool) -> Tensor:
        return (tensor.movedim(-1, 1) if last else tensor).float()


class FeatureInputs:
    """Kept activations, shuffled as images would be; with K views of each image, shown in turn.

    `rows` says which images of each part the arrays hold, ascending; None means all of them.
    """

    def __init__(
        self,
        arrays: Mapping[str, Kept],
        channels_last: tuple[bool, ...],
        splits: Splits,
        *,
        seed: int,
        batch_size: int,
        device: torch.device,
        views: int = 0,
        rows: HeldRows | None = None,
    ) -> None:
        self._rows = rows
        self.splits, self.seed, self.batch_size, self.device, self.views = splits, seed, batch_size, device, views
        self._arrays, self._channels_last = arrays, channels_last
        self._rowed: dict[str, Rowed] = {}
        self._labels = torch.from_numpy(splits.train.labels).to(device)

    def training(self, epoch: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Give one epoch's batches of what crosses the frontier, and labels (N,)."""
        order = shuffled(len(self.splits.train), self.seed, epoch)
        shown = view_of(len(order), self.seed, epoch, self.views) if self.views else None
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            batch = self._part(self.splits.train).take(rows) if shown is None else self._views(rows, shown[rows])
            yield batch, self._labels[torch.from_numpy(rows).to(self.device)]

    def with_seed(self, seed: int) -> FeatureInputs:
        """Return the same in another seed's order; what is gathered on the device is shared."""
        other = copy.copy(self)
        other.seed = seed
        return other

    def ordered(self, split: Split) -> Iterator[tuple[Tensor, ...]]:
        """Give a split's activations in order."""
        rowed = self._part(split)
        at_once = max(1, min(EVAL_ROWS, EVAL_BYTES // max(1, rowed.row_bytes)))
        for start in range(0, len(rowed), at_once):
            yield rowed.take(np.arange(start, min(start + at_once, len(rowed))))

    def bytes(self, split: Split) -> int:
        """Return what a split's activations take as they are kept."""
        return self._part(split).row_bytes * len(split)

    def close(self) -> None:
        """Let go of what is gathered on the device."""
        self._rowed.clear()

    def _views(self, rows: Rows, shown: Rows) -> tuple[Tensor, ...]:
        """Put a batch together whose images are shown in different views."""
        train = self.splits.train
        taken = {int(v): self._part(train, view_name(int(v))).take(rows[shown == v]) for v in np.unique(shown)}
        first = next(iter(taken.values()))
        batch = tuple(torch.empty_like(t[:1]).expand(len(rows), *t.shape[1:]).clone() for t in first)
        for view, tensors in taken.items():
            places = torch.from_numpy(np.flatnonzero(shown == view)).to(self.device)
            for whole, part in zip(batch, tensors, strict=True):
                whole[places] = part
        return batch

    def _part(self, split: Split, name: str | None = None) -> Rowed:
        part = name or split.official
        known = f"{part} {split.digest}"
        if known not in self._rowed:
            at = split.indices if self._rows is None else np.searchsorted(self._rows[part], split.indices)
            self._rowed[known] = Rowed(self._arrays[part], at, self._channels_last, self.device)
        return self._rowed[known]
