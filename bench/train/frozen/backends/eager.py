"""The backend that takes every model: torch as it is, channels-last."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.hardware.device import Precision, autocast, chunk_size, chunk_threads
from bench.train.frozen.backends.base import Backend, BackendError, Compute
from bench.train.frozen.backends.chunks import Chunked
from bench.train.out_of_memory import Halving


def prepare(frozen: nn.Module, example: Tensor, device: torch.device, precision: Precision) -> Compute:  # noqa: ARG001 - as every backend
    """Compute chunks side by side on a CPU, and whatever batch comes on an accelerator."""
    frozen = frozen.eval()

    def compute(images: Tensor) -> tuple[Tensor, ...]:
        with torch.inference_mode(), autocast(device, precision):
            return tuple(frozen(images))

    return Chunked(compute, chunk_size(device), chunk_threads(device), halving=Halving(device))


def lacking(_device: torch.device, _precision: Precision) -> BackendError | None:
    """Lack nothing."""
    return None


BACKEND = Backend(prepare, lacking)
