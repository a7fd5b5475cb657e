"""The resized images of a split, as uint8 tensors, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from bench.data.images.loading import Positions, Transform, ordered_batches
from bench.data.raw import ImageSource
from bench.hardware.conditions import Conditions


class Pixels(Protocol):
    """Images by their position in a split; picklable, so that worker processes can have them."""

    note: str
    """Why the images are not prepared on disk; empty where they are."""

    @property
    def prepared_s(self) -> float | None:
        """Seconds that preparing them took, whoever did it; 0 where they are decoded anew, None if not known."""

    @property
    def conditions(self) -> Conditions:
        """The conditions under which `prepared_s` was measured."""

    def __len__(self) -> int:
        """Count the images."""

    def batch(self, positions: Positions) -> Tensor:
        """Return the images at these positions, uint8 [N, 3, size, size]."""

    def batches(self, batch_size: int, *, workers: int = 1) -> Iterator[Tensor]:
        """Return all images in order; `workers` threads decode them where they need decoding."""


class DecodedPixels:
    """Images that are decoded each time they are asked for."""

    def __init__(self, source: ImageSource, indices: Positions, transform: Transform) -> None:
        self.source, self.indices, self.transform = source, indices, transform
        self.note = ""
        self.prepared_s: float | None = 0.0
        self.conditions = Conditions()

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, positions: Positions) -> Tensor:
        """Decode the images at these positions, uint8 [N, 3, size, size]."""
        return torch.stack([self.transform(self.source.image(int(self.indices[i]))) for i in positions])

    def batches(self, batch_size: int, *, workers: int = 1) -> Iterator[Tensor]:
        """Decode all images in order with `workers` threads."""
        return ordered_batches(self.source, self.indices, self.transform, batch_size, workers=workers)
