"""ONNX Runtime: the model is exported once, then computed without torch. fp32 only."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.hardware.device import (
    Precision,
    chunk_size,
    chunk_threads,
    device_index,
    is_accelerator,
    one_thread,
    synchronize,
)
from bench.train.frozen.backends.base import Backend, BackendError, Compute, not_converted, not_installed
from bench.train.frozen.backends.chunks import Chunked

NEEDED = ("onnxruntime", "onnx", "onnxscript")


def prepare(frozen: nn.Module, example: Tensor, device: torch.device, precision: Precision) -> Compute:  # noqa: ARG001 - as every backend
    """Export the model for one size of chunk, and open a session of one thread that every thread may use."""
    import onnxruntime  # noqa: PLC0415 - optional, and slow to import

    size = chunk_size(device)
    one = example[:1].expand(size, -1, -1, -1).contiguous()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    try:
        with _quiet(), torch.no_grad(), one_thread():
            exported = torch.onnx.export(frozen.eval(), (one,), dynamo=True, verbose=False)
            written = exported.model_proto.SerializeToString()  # type: ignore[union-attr] # dynamo=True gives one
        session = _on_device(onnxruntime.InferenceSession(written, options, providers=[_provider(device)]), device)
    except Exception as error:
        raise not_converted("onnxruntime", error) from error
    return Chunked(_Bound(session, device), size, chunk_threads(device), torch.contiguous_format)


def _on_device(session: Any, device: torch.device) -> Any:
    """Return the session if it computes on the device; ONNX Runtime takes the CPU where CUDA's libraries lack."""
    wanted, found = _provider(device)[0], session.get_providers()
    if found[0] != wanted:
        raise RuntimeError(f"the session computes with {found[0]} where {wanted} was asked for")
    return session


class _Bound:
    """A session that reads and writes torch's own memory, on whichever device it lies."""

    def __init__(self, session: Any, device: torch.device) -> None:
        self._session, self._device = session, device
        self._input = session.get_inputs()[0].name
        self._outputs = [(output.name, tuple(output.shape)) for output in session.get_outputs()]

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        kind, index = self._device.type, device_index(self._device)
        computed = tuple(torch.empty(shape, device=self._device) for _, shape in self._outputs)
        binding = self._session.io_binding()
        binding.bind_input(self._input, kind, index, np.float32, tuple(images.shape), images.data_ptr())
        for (name, shape), tensor in zip(self._outputs, computed, strict=True):
            binding.bind_output(name, kind, index, np.float32, shape, tensor.data_ptr())
        synchronize(self._device)
        self._session.run_with_iobinding(binding)
        return computed


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's warnings and log from a user who asked for features."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def lacking(device: torch.device, precision: Precision) -> BackendError | None:
    """Look for the packages, the provider of the device and the precision."""
    missing = next((name for name in NEEDED if find_spec(name) is None), None)
    if missing:
        return not_installed("onnxruntime", missing)
    if precision != "fp32":
        return BackendError(
            f"The backend onnxruntime does not compute in {precision}.",
            "It has fp32 only.",
            "Take --set precision=fp32, or another --backend.",
        )
    if is_accelerator(device) and not _computes_on(device):
        return BackendError(
            f"The backend onnxruntime does not compute on {device}.",
            "The package that is installed has no provider for it.",
            "Run: pip install onnxruntime-gpu (for CUDA). Or take --backend eager.",
        )
    return None


def _computes_on(device: torch.device) -> bool:
    import onnxruntime  # noqa: PLC0415 - optional, and slow to import

    return _provider(device)[0] in onnxruntime.get_available_providers()


def _provider(device: torch.device) -> tuple[str, dict[str, int]]:
    """Return the provider of a device and its options; CUDA's rounds fp32 to TF32 unless told not to."""
    options = {"device_id": device_index(device), "use_tf32": 0} if device.type == "cuda" else {}
    return f"{device.type.upper()}ExecutionProvider", options


BACKEND = Backend(prepare, lacking, ("torch", *NEEDED))
