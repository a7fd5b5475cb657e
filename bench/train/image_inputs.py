"""Images as the inputs of a run that nothing is kept for: prepared once, shuffled, augmented and scaled."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from bench.data.datasets import Dataset
from bench.data.images.pixels import Pixels
from bench.data.images.prepared import open_pixels
from bench.data.images.training_batches import TrainingBatches
from bench.data.images.transforms import augment, normalize
from bench.data.splits import Split, Splits
from bench.hardware.conditions import Part
from bench.hardware.cpus import available_cpus
from bench.hardware.device import evaluation_batch, is_accelerator, pins_memory
from bench.hardware.gauge import Gauge
from bench.random_keys import shuffled
from bench.spec import RunSpec
from bench.train.hooks import Hooks
from bench.train.out_of_memory import if_it_fits
from bench.train.shared_memory import workers_that_fit

HELD_BYTES = 1 << 30
"""A split's images lie in an accelerator's memory as uint8 if they take no more than this."""


class ImageInputs:
    """Batches of images (N, 3, size, size), scaled, channels-last, on the run's device.

    With `hold` small splits are sent to the device once, as uint8: then nothing is loaded any more but what is
    augmented. A CPU has the pages of prepared images in memory anyway.

    `prepared` is what preparing these images took, here or before in another run: each run that reads them would
    have to prepare them if it were alone. `gauge` measures the conditions of that.
    """

    def __init__(
        self,
        spec: RunSpec,
        dataset: Dataset,
        splits: Splits,
        device: torch.device,
        hooks: Hooks,
        workers: int | None = None,
        *,
        hold: bool | None = None,
        gauge: Gauge | None = None,
    ) -> None:
        self.spec, self.dataset, self.splits, self.device, self.hooks = spec, dataset, splits, device, hooks
        wanted = default_workers(device) if workers is None else workers
        self.workers, note = workers_that_fit(wanted, spec.recipe.batch_size, spec.transform.image_size)
        self._hold = is_accelerator(device) if hold is None else hold
        self.prepared: list[Part] = []
        self._gauge = gauge
        self._pixels: dict[str, Pixels] = {}
        self._held: dict[str, Tensor] = {}
        self._batches = TrainingBatches(
            self._open(splits.train),
            splits.train,
            augment(spec.recipe.augment, spec.transform),
            spec.recipe.batch_size,
            seed=spec.seed,
            views=spec.recipe.views,
            workers=self.workers,
            pin=pins_memory(device),
        )
        if note and not self._batches.cheap:
            hooks.note(note)
        for split in (splits.val, splits.test):
            self._open(split)  # prepared now, so that an image that cannot be read costs no training

    @property
    def prepared_s(self) -> float:
        """Seconds that preparing the images took."""
        return sum(part.seconds for part in self.prepared)

    def training(self, epoch: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Give one epoch's batches of images and labels (N,)."""
        held = None if self.spec.recipe.augment else self._on_device(self.splits.train)
        if held is not None:
            yield from self._gathered(held, epoch)
            return
        for batch in self._batches.epoch(epoch):
            yield (self._scaled(batch.images),), batch.labels.to(self.device, non_blocking=True)

    def ordered(self, split: Split) -> Iterator[tuple[Tensor, ...]]:
        """Give a split's images in order, as evaluation sees them."""
        size, held = evaluation_batch(self.device), self._on_device(split)
        for images in self._loaded(split) if held is None else torch.split(held, size):
            yield (self._scaled(images),)

    def close(self) -> None:
        """End the loading processes, and let go of the images that lie in the device's memory."""
        self._batches.close()
        self._held.clear()

    def _gathered(self, images: Tensor, epoch: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        labels = torch.from_numpy(self.splits.train.labels).to(self.device)
        order = torch.from_numpy(shuffled(len(images), self.spec.seed, epoch)).to(self.device)
        for rows in torch.split(order, self.spec.recipe.batch_size):
            yield (self._scaled(images[rows]),), labels[rows]

    def _on_device(self, split: Split) -> Tensor | None:
        """Return a split's images (N, 3, size, size), uint8, if they lie or may lie in the device's memory."""
        image_bytes = 3 * self.spec.transform.image_size**2
        if not self._hold or image_bytes * len(split) > HELD_BYTES:
            return None
        if split.digest not in self._held:
            held = if_it_fits(lambda: torch.cat([images.to(self.device) for images in self._loaded(split)]))
            if held is None:
                self._hold = False
                return None
            self._held[split.digest] = held
        return self._held[split.digest]

    def _loaded(self, split: Split) -> Iterator[Tensor]:
        return self._open(split).batches(evaluation_batch(self.device), workers=max(1, self.workers))

    def _open(self, split: Split) -> Pixels:
        if split.digest not in self._pixels:
            threads = available_cpus()
            pixels = open_pixels(self.dataset, split, self.spec.transform, workers=threads, gauge=self._gauge)
            if note := getattr(pixels, "note", ""):
                self.hooks.note(f"Images of {split.official} are decoded anew each epoch: {note}.")
            if pixels.prepared_s is None:
                self.hooks.note(f"What preparing images of {split.official} took is not known, and not counted.")
            self.prepared.append(Part(pixels.prepared_s or 0.0, pixels.conditions))
            self._pixels[split.digest] = pixels
        return self._pixels[split.digest]

    def _scaled(self, images: Tensor) -> Tensor:
        scaled = normalize(images, self.spec.transform, device=self.device)
        return scaled.contiguous(memory_format=torch.channels_last)


def default_workers(device: torch.device) -> int:
    """Choose how many processes load: on a GPU most cores; on a CPU none, for training needs them all."""
    return min(8, max(1, available_cpus() - 1)) if is_accelerator(device) else 0
