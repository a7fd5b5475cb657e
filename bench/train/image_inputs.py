"""Images as the inputs of a run that nothing is kept for: prepared once, shuffled, augmented and scaled."""

from __future__ import annotations

import os
from collections.abc import Iterator

import torch
from torch import Tensor

from bench.data.datasets import Dataset
from bench.data.pixels import Pixels
from bench.data.prepared import open_pixels
from bench.data.splits import Split, Splits
from bench.data.training_batches import TrainingBatches
from bench.data.transforms import augment, normalize
from bench.device import evaluation_batch, is_accelerator
from bench.spec import RunSpec
from bench.train.hooks import Hooks


class ImageInputs:
    """Batches of images (N, 3, size, size), scaled, channels-last, on the run's device."""

    def __init__(
        self,
        spec: RunSpec,
        dataset: Dataset,
        splits: Splits,
        device: torch.device,
        hooks: Hooks,
        workers: int | None = None,
    ) -> None:
        self.spec, self.dataset, self.splits, self.device, self.hooks = spec, dataset, splits, device, hooks
        self.workers = default_workers(device) if workers is None else workers
        self._pixels: dict[str, Pixels] = {}
        self._batches = TrainingBatches(
            self._open(splits.train),
            splits.train,
            augment(spec.recipe.augment, spec.transform),
            spec.recipe.batch_size,
            seed=spec.seed,
            views=spec.recipe.views,
            workers=self.workers,
            pin=is_accelerator(device),
        )

    def training(self, epoch: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Give one epoch's batches of images and labels (N,)."""
        for batch in self._batches.epoch(epoch):
            yield (self._scaled(batch.images),), batch.labels.to(self.device, non_blocking=True)

    def ordered(self, split: Split) -> Iterator[tuple[Tensor, ...]]:
        """Give a split's images in order, as evaluation sees them."""
        size = evaluation_batch(self.device)
        for images in self._open(split).batches(size, workers=max(1, self.workers)):
            yield (self._scaled(images),)

    def close(self) -> None:
        """End the loading processes."""
        self._batches.close()

    def _open(self, split: Split) -> Pixels:
        if split.digest not in self._pixels:
            threads = os.cpu_count() or 1
            pixels = open_pixels(self.dataset, split, self.spec.transform, workers=threads)
            if note := getattr(pixels, "note", ""):
                self.hooks.note(f"Images of {split.official} are decoded anew each epoch: {note}.")
            self._pixels[split.digest] = pixels
        return self._pixels[split.digest]

    def _scaled(self, images: Tensor) -> Tensor:
        scaled = normalize(images, self.spec.transform, device=self.device)
        return scaled.contiguous(memory_format=torch.channels_last)


def default_workers(device: torch.device) -> int:
    """Choose how many processes load: on a GPU most cores; on a CPU none, for training needs them all."""
    return min(8, max(1, (os.cpu_count() or 2) - 1)) if is_accelerator(device) else 0
