"""Backends of the frozen pass: what computes the part of a model that never changes.

The table below is the one place where a backend is known. Their names are part of a run's identity, for each
rounds in its own way; `bench.spec.BackendName` lists them for those who plan without torch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.hardware.backend_tolerance import TOLERANCE
from bench.hardware.device import Precision
from bench.train.frozen.backends import compiled, eager, onnxruntime, openvino
from bench.train.frozen.backends.base import Backend, Compute, not_converted

BACKENDS: dict[str, Backend] = {
    "eager": eager.BACKEND,
    "compile": compiled.BACKEND,
    "openvino": openvino.BACKEND,
    "onnxruntime": onnxruntime.BACKEND,
}


def prepare(
    name: str, frozen: nn.Module, example: Tensor, *, device: torch.device, precision: Precision
) -> Compute:
    """Make what computes `frozen`, a module in evaluation mode that maps scaled images to a tuple of tensors.

    `example` is a first batch, as large as later ones, on the device. What comes back takes batches of any size
    and gives tensors on the device, of float32 or of the precision's type. Raises BackendError where the backend
    is missing, cannot take the model, or takes it and computes something else.
    """
    backend = BACKENDS[name]
    lacking = backend.lacking(device, precision)
    if lacking:
        raise lacking
    compute = backend.prepare(frozen, example, device, precision)
    if name != "eager":
        _check(name, compute, frozen, example, precision)
    return compute


def _check(name: str, compute: Compute, frozen: nn.Module, example: Tensor, precision: Precision) -> None:
    """Hold what a backend computes of a few images against eager fp32: conversion must not fail silently."""
    few = example[:2]
    with torch.inference_mode():
        wanted = tuple(frozen(few.contiguous(memory_format=torch.channels_last)))
    computed = compute(few)
    shapes = [tuple(t.shape) for t in wanted], [tuple(t.shape) for t in computed]
    if shapes[0] != shapes[1]:
        raise not_converted(name, ValueError(f"it gives tensors of {shapes[1]} where {shapes[0]} are due"))
    off = max(distance(c, w) for c, w in zip(computed, wanted, strict=True))
    allowed = TOLERANCE[precision]
    if not off <= allowed:
        raise not_converted(name, ValueError(f"what it computes is {off:.2%} off, {allowed:.2%} are allowed"))


def distance(computed: Tensor, wanted: Tensor) -> float:
    """Return the norm of the difference over the norm of what is wanted."""
    norm = torch.linalg.vector_norm
    computed, wanted = computed.cpu().double(), wanted.cpu().double()
    return float(norm(computed - wanted) / norm(wanted).clamp_min(1e-30))
