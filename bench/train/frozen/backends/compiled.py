"""torch.compile with the weights frozen into the code: needs a C++ compiler on a CPU, Triton on a GPU."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn

from bench.hardware.device import Precision, autocast, chunk_size, chunk_threads, is_accelerator, one_thread
from bench.train.frozen.backends.base import Backend, BackendError, Compute, not_converted
from bench.train.frozen.backends.chunks import Chunked


def prepare(frozen: nn.Module, example: Tensor, device: torch.device, precision: Precision) -> Compute:
    """Compile for one size of chunk; a smaller last one is filled up rather than compiled for."""
    compiled = torch.compile(frozen.eval(), dynamic=False, options={"freezing": True})

    def compute(images: Tensor) -> tuple[Tensor, ...]:
        with autocast(device, precision):
            return tuple(compiled(images))

    threads = chunk_threads(device)
    chunked = Chunked(compute, chunk_size(device), threads)
    try:
        with one_thread() if threads else nullcontext():  # compiled for as many threads as will call it
            chunked.chunk(example[: chunked.size])
    except Exception as error:
        raise not_converted("compile", error) from error
    return chunked


def lacking(device: torch.device, _precision: Precision) -> BackendError | None:
    """Look for the C++ compiler that torch calls on a CPU, and for Python's headers."""
    compiler = os.environ.get("CXX", {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++"))
    header = Path(sysconfig.get_path("include"), "Python.h")
    needed = {compiler: shutil.which(compiler), str(header): header.exists()}
    missing = [name for name, here in needed.items() if not here]
    if is_accelerator(device) or not missing:
        return None
    return BackendError(
        "The backend compile cannot be used.",
        f"torch.compile needs a C++ compiler and Python's headers, and there is no {missing[0]} here.",
        "Install them (apt-get install g++ python3-dev). Or take --backend eager.",
    )


BACKEND = Backend(prepare, lacking)
