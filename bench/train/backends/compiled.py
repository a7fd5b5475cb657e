"""torch.compile with the weights frozen into the code: needs a C++ compiler on a CPU, Triton on a GPU."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from bench.device import Precision, autocast, chunk_size, chunk_threads, is_accelerator, one_thread
from bench.train.backends.base import Backend, BackendError, Compute, not_converted
from bench.train.backends.chunks import Chunked


def prepare(frozen: nn.Module, example: Tensor, device: torch.device, precision: Precision) -> Compute:
    """Compile for one size of chunk; a smaller last one is filled up rather than compiled for."""
    options: dict[str, str | int | bool | Callable[..., Any]] = {
        "freezing": True,
        "max_autotune": is_accelerator(device),
    }
    compiled = torch.compile(frozen.eval(), dynamic=False, options=options)

    def compute(images: Tensor) -> tuple[Tensor, ...]:
        with autocast(device, precision):
            return tuple(compiled(images))

    chunked = Chunked(compute, chunk_size(device), chunk_threads(device))
    try:
        with one_thread():  # the code that is made uses as many threads as it was made with
            chunked.chunk(example[: chunked.size])
    except Exception as error:
        raise not_converted("compile", error) from error
    return chunked


def lacking(device: torch.device, _precision: Precision) -> BackendError | None:
    """Look for the C++ compiler that torch calls on a CPU."""
    compiler = os.environ.get("CXX", {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++"))
    if is_accelerator(device) or shutil.which(compiler):
        return None
    return BackendError(
        "The backend compile cannot be used.",
        f"torch.compile needs a C++ compiler, and there is no {compiler} here.",
        "Install one (apt-get install g++), or name another: CXX=clang++. Or take --backend eager.",
    )


BACKEND = Backend(prepare, lacking)
