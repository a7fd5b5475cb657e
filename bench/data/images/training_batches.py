"""Training batches: the same images in the same order, whoever loads them and wherever one resumes."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from bench.data.images.loading import Positions
from bench.data.images.pixels import Pixels
from bench.data.images.prepared import PreparedImages
from bench.data.images.transforms import Augment
from bench.data.splits import TrainSplit
from bench.errors import BenchError, DataError
from bench.hardware.device import one_thread
from bench.random_keys import augment_key, shuffled, view_key, view_of


class Batch(NamedTuple):
    """Images, uint8 [N, 3, size, size]; their labels, int64 [N]; their positions in the split, int64 [N]."""

    images: Tensor
    labels: Tensor
    positions: Tensor


class TrainingBatches:
    """A training split, epoch by epoch, shuffled and augmented.

    The order depends on (seed, "order", epoch) alone, the augmentation of an image on (seed, "augment", epoch, its
    index in the official split) alone; with K `views` on (0, "view", k, that index), the same for every seed, so
    that what follows from them can be kept. With `workers` = 0, or with nothing to decode or augment, the
    caller's thread does the work; otherwise worker processes do, which live until `close`. `pin` puts batches into
    page-locked memory. The last batch of an epoch may be smaller. `cheap` is whether there is nothing to decode or
    augment.
    """

    def __init__(
        self,
        pixels: Pixels,
        part: TrainSplit,
        augment: Augment | None,
        batch_size: int,
        *,
        seed: int,
        views: int = 0,
        workers: int = 0,
        pin: bool = False,
    ) -> None:
        self._maker = _BatchMaker(pixels, part.labels, part.indices, augment, _Chance(seed, views, len(part)))
        self._batch_size, self._seed, self._pin = batch_size, seed, pin
        self.cheap = augment is None and isinstance(pixels, PreparedImages)
        self._workers = 0 if self.cheap else workers
        self._plan: list[tuple[int, Positions]] = []
        self._loader: DataLoader[Any] | None = None

    def __len__(self) -> int:
        return math.ceil(len(self._maker) / self._batch_size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield one epoch's batches. Raises DataError for a corrupt image. One epoch at a time."""
        order = shuffled(len(self._maker), self._seed, epoch)
        self._plan[:] = [
            (epoch, order[start : start + self._batch_size]) for start in range(0, len(order), self._batch_size)
        ]
        for made in self._made_by_workers() if self._workers else self._made_here():
            if isinstance(made, BenchError):
                raise made
            yield made

    def close(self) -> None:
        """End the worker processes."""
        self._loader = None

    def _made_here(self) -> Iterator[Batch]:
        for item in list(self._plan):
            batch = self._maker.make(item)
            yield Batch(*(part.pin_memory() for part in batch)) if self._pin else batch

    def _made_by_workers(self) -> Iterator[Batch | BenchError]:
        if self._loader is None:
            self._loader = DataLoader(
                self._maker,
                batch_size=None,
                sampler=self._plan,  # filled anew before each epoch
                num_workers=self._workers,
                collate_fn=_as_it_is,
                pin_memory=self._pin,
                persistent_workers=True,
                worker_init_fn=_start_worker,
                generator=torch.Generator(),  # not the global one, which training draws from
            )
        with _interrupts_wait():
            return iter(self._loader)


class _Chance(NamedTuple):
    """By which key an image is augmented in an epoch."""

    seed: int
    views: int
    images: int

    def keys(self, epoch: int, positions: Positions, indices: Positions) -> list[int]:
        if not self.views:
            return [augment_key(self.seed, epoch, int(index)) for index in indices]
        shown = view_of(self.images, self.seed, epoch, self.views)[positions]
        return [view_key(int(view), int(index)) for view, index in zip(shown, indices, strict=True)]


class _BatchMaker(TorchDataset[Any]):
    """Makes a batch from its epoch and positions; hands an error over, for one that is raised loses its parts."""

    def __init__(
        self, pixels: Pixels, labels: Positions, indices: Positions, augment: Augment | None, chance: _Chance
    ) -> None:
        self.pixels, self.labels, self.indices, self.augment, self.chance = (
            pixels,
            labels,
            indices,
            augment,
            chance,
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, item: tuple[int, Positions]) -> Batch | BenchError:
        try:
            return self.make(item)
        except BenchError as error:
            return error

    def make(self, item: tuple[int, Positions]) -> Batch:
        epoch, positions = item
        images = self.pixels.batch(positions)
        if self.augment is not None:
            keys = self.chance.keys(epoch, positions, self.indices[positions])
            with one_thread():
                images = torch.stack(
                    [self.augment(image, number) for image, number in zip(images, keys, strict=True)]
                )
        return Batch(images, torch.from_numpy(self.labels[positions]), torch.from_numpy(positions))


def worker_killed(error: BaseException) -> DataError | None:
    """Make the error for a loading process that the system ended; None for any other error.

    torch raises it in the main thread as soon as the process is gone, wherever that thread is.
    """
    if not (isinstance(error, RuntimeError) and "DataLoader worker" in str(error)):
        return None
    return DataError(
        "A process that loads images was ended by the system.",
        f"{str(error).splitlines()[0].removesuffix('.')}. That happens when memory or shared "
        "memory (/dev/shm) is full.",
        "Load with fewer processes (--workers 1; 0 for none) or free some memory; in a container, give it more "
        "shared memory: docker run --shm-size=8g.",
    )


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Hold interrupts back while processes start, which inherit that until they ignore them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(_worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the main process, which ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _as_it_is(batch: Any) -> Any:
    return batch
