"""OpenVINO: the fastest on Intel CPUs, in fp32 and, where the CPU has it, bf16."""

from __future__ import annotations

import threading
import warnings
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from bench.hardware.device import Precision, chunk_size, chunk_threads, is_accelerator, one_thread
from bench.train.frozen.backends.base import Backend, BackendError, Compute, not_converted, not_installed
from bench.train.frozen.backends.chunks import Chunked

NAMES = {"fp32": "f32", "bf16": "bf16"}


def prepare(frozen: nn.Module, example: Tensor, device: torch.device, precision: Precision) -> Compute:
    """Convert the model by tracing one chunk, and compile it for as many streams as there are threads."""
    import openvino  # noqa: PLC0415 - optional, and slow to import

    size, threads = chunk_size(device), chunk_threads(device)
    settings = {
        "INFERENCE_PRECISION_HINT": NAMES[precision],
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # other work beside it, decoding above all, has to fit in
    }
    one = example[:1].expand(size, -1, -1, -1).contiguous()
    try:
        with warnings.catch_warnings(), torch.no_grad(), one_thread():
            warnings.simplefilter("ignore")  # torch.jit.trace warns of every number that it takes for a constant
            traced = torch.jit.trace(frozen.eval(), one, check_trace=False)  # type: ignore[no-untyped-call]
            model = openvino.convert_model(traced, example_input=one)
        model.reshape([size, *one.shape[1:]])
        compiled = openvino.Core().compile_model(model, "CPU", settings)
    except Exception as error:
        raise not_converted("openvino", error) from error
    return Chunked(_Requests(compiled), size, threads, torch.contiguous_format)


class _Requests:
    """One inference request for each thread that asks."""

    def __init__(self, compiled: Any) -> None:
        self._compiled, self._own = compiled, threading.local()

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        results = self._own.request.infer([images.numpy()], share_inputs=True)
        return tuple(torch.from_numpy(result) for result in results.values())


def lacking(device: torch.device, precision: Precision) -> BackendError | None:
    """Look for the package, the device and the precision."""
    if find_spec("openvino") is None:
        return not_installed("openvino", "openvino")
    if is_accelerator(device):
        return BackendError(
            f"The backend openvino does not compute on {device}.",
            "It is for CPUs.",
            "Take --backend auto or eager.",
        )
    if precision not in NAMES or (precision == "bf16" and not _has_bf16()):
        return BackendError(
            f"The backend openvino cannot compute in {precision} here.",
            "This CPU has no instructions for it." if precision in NAMES else "On a CPU it has fp32 and bf16.",
            "Take --set precision=fp32, or --backend eager.",
        )
    return None


def _has_bf16() -> bool:
    import openvino  # noqa: PLC0415 - optional, and slow to import

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


BACKEND = Backend(prepare, lacking, ("torch", "openvino"))
