"""Handles running out of memory: smaller batches if the result is the same, else an error that says what fits."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from bench.errors import BenchError
from bench.hardware.device import hardware, release
from bench.spec import RunSpec

T = TypeVar("T")

WORDS = (
    "out of memory",  # CUDA, MPS
    "can't allocate memory",  # torch's CPU allocator
    "not enough memory",  # the same on Windows
    "alloc_failed",  # cuBLAS and cuDNN: CUBLAS_STATUS_ALLOC_FAILED
    "allocation_failed",  # cuDNN 9: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
    "could not create a primitive",  # oneDNN, whose kernels are compiled into memory of their own
    "could not create a memory",  # oneDNN
)
"""Messages of allocators that raise a plain RuntimeError, in lower case."""


class OutOfMemoryError(BenchError):
    """A run needs more memory than there is."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory, of the device or of this process, has run out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError, OutOfMemoryError)):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in WORDS)


class Halving:
    """Calls with a size that is halved, down to 1, each time memory runs out; it is not raised again.

    `notice` is called with each smaller size.
    """

    def __init__(self, device: torch.device, notice: Callable[[int], None] = lambda _: None) -> None:
        self.device, self.notice = device, notice
        self.most: int | None = None

    def __call__(self, compute: Callable[[int], T], size: int) -> T:
        """Return `compute(size)`, or of a smaller size.

        Raises what a call with size 1 raises, and at once what is not a lack of memory.
        """
        while True:
            size = min(size, self.most or size)
            try:
                return compute(size)
            except Exception as error:
                if size <= 1 or isinstance(error, OutOfMemoryError) or not is_out_of_memory(error):
                    raise
            self.most = (size + 1) // 2
            release(self.device)  # here the error, and with it every tensor of its frames, is gone
            self.notice(self.most)


def if_it_fits(compute: Callable[[], T]) -> T | None:
    """Return what a run can do without, or None if memory has no room for it."""
    try:
        return compute()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return None


def in_parts(halving: Halving, compute: Callable[..., Tensor], batch: tuple[Tensor, ...]) -> Tensor:
    """Compute a batch whose images do not depend on each other, in smaller parts if memory runs out."""

    def computed(size: int) -> Tensor:
        parts = [compute(*rows) for rows in zip(*(torch.split(t, size) for t in batch), strict=True)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    return halving(computed, len(batch[0]))


def batch_does_not_fit(spec: RunSpec, device: torch.device, reason: str, fits: int | None) -> OutOfMemoryError:
    """Make the error for a step that cannot be computed in parts, given the batch size that fits."""
    images = spec.recipe.batch_size
    return OutOfMemoryError(
        f"A training step of {images} images does not fit into the memory of {hardware(device)}.",
        f"It cannot be computed in parts: {reason}.",
        f"Take --set batch_size={fits}, which fits."
        if fits
        else "No smaller batch fits what is left: take a smaller --image-size, --set batch_size=N or backbone.",
    )


def does_not_fit(spec: RunSpec, device: torch.device, error: BaseException) -> OutOfMemoryError:
    """Make the error for a run that there is no room for; one that says so already stays as it is."""
    if isinstance(error, OutOfMemoryError):
        return error
    reason = next(iter(str(error).splitlines()), "") or type(error).__name__
    return OutOfMemoryError(
        f"{spec.backbone.name} under {spec.strategy} does not fit into the memory of {hardware(device)}.",
        f"{reason.removesuffix('.')}.",
        "End what else uses memory, or take a smaller --image-size, --set batch_size=N or backbone.",
    )
