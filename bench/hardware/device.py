"""The only file that names cuda, mps or cpu: pick, seed, autocast, synchronise, measure, name the hardware."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.hardware.allocator import give_back, keep_freed_memory
from bench.hardware.cpus import processor_name
from bench.hardware.device_names import check_device_name
from bench.hardware.tf32 import disable_tf32

Precision = Literal["fp32", "bf16", "fp16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

BF16_SINCE = (8, 0)
"""The first CUDA capability with bf16 units (Ampere). torch emulates bf16 on older GPUs and calls it supported."""


def pick(name: str = "auto") -> torch.device:
    """Choose the device: `auto` is cuda, then cpu. Raises BenchError for one that is not there.

    MPS has to be asked for: nothing here has been tested on it. A CUDA device becomes the current one, and fp32 is
    computed as fp32 from then on. On a CPU the process keeps the memory that it frees, where that is faster.
    """
    check_device_name(name)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise BenchError(
            f"The device {name!r} cannot be used.", f"{reason}.", "Take --device cpu or auto."
        ) from error
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    if device.type == "cpu":
        keep_freed_memory()
    disable_tf32()
    return device


def precision_for(device: torch.device, asked: str) -> tuple[Precision, str | None]:
    """Resolve a recipe's precision on a device: (what will be used, a message if it is not what was asked).

    `auto` is bf16 on a GPU with bf16 units, else fp32. Only CUDA has fp16; MPS has fp32 alone.
    """
    if device.type == "cuda":
        if asked not in {"auto", "bf16"}:
            return _known(asked), None
        if torch.cuda.get_device_capability(device) >= BF16_SINCE:
            return "bf16", None
        return "fp32", f"{hardware(device)} has no bf16 units: fp32 is used instead (it has fp16: precision=fp16)."
    if asked == "auto":
        return "fp32", None
    if asked == "fp16" or (asked == "bf16" and device.type == "mps"):
        where = "a CPU" if device.type == "cpu" else device.type
        return "fp32", f"{asked} is not trained on {where}: fp32 is used instead."
    return _known(asked), None


def _known(precision: str) -> Precision:
    return precision  # type: ignore[return-value]


def autocast(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager[Any]:
    """Compute in mixed precision inside this context; fp32 changes nothing."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[precision])


def without_autocast(x: Tensor) -> contextlib.AbstractContextManager[Any]:
    """Compute in the tensors' own precision inside this context, on the device of `x`."""
    if x.is_meta or not torch.is_autocast_enabled(x.device.type):  # torch knows no autocast on the meta device
        return contextlib.nullcontext()
    return torch.autocast(x.device.type, enabled=False)


def place(module: nn.Module, device: torch.device) -> nn.Module:
    """Move a model to the device in channels-last layout, which convolutions prefer on GPU and CPU."""
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def chunk_threads(device: torch.device) -> int:
    """Return how many threads compute a frozen pass, each its own images: all of a CPU's, none on a GPU."""
    return torch.get_num_threads() if device.type == "cpu" else 0


def chunk_size(device: torch.device) -> int:
    """Return how many images are computed together: few fit a CPU's cache (measured), a GPU wants many."""
    return 8 if device.type == "cpu" else 256


def frozen_batch(device: torch.device) -> int:
    """Return how many images a frozen pass takes at once: some chunks for each thread, as they end unequally."""
    return chunk_size(device) * (4 * chunk_threads(device) or 1)


@dataclass(frozen=True)
class Rates:
    """Seconds that a device takes to compute one MAC of a forward pass, and to read one byte of what was kept."""

    mac_s: float
    byte_s: float


def usual_rates(device: torch.device) -> Rates:
    """Return round figures for a kind of device, the same on every machine: they decide what is worth keeping."""
    return Rates(2.5e-11, 1e-9) if device.type == "cpu" else Rates(2.5e-13, 1e-10)


def evaluation_batch(device: torch.device) -> int:
    """Return how many images an evaluation takes at once."""
    return 32 if device.type == "cpu" else 256


def device_index(device: torch.device) -> int:
    """Return which of several devices of its kind it is; `cuda` without a number is the current one."""
    if device.index is not None:
        return device.index
    return torch.cuda.current_device() if device.type == "cuda" else 0


def is_accelerator(device: torch.device) -> bool:
    """Say whether batches have to be sent to the device."""
    return device.type != "cpu"


def pins_memory(device: torch.device) -> bool:
    """Return whether batches are copied to the device from page-locked memory."""
    return device.type == "cuda"


def sum_dtype(device: torch.device) -> torch.dtype:
    """Return what losses are added up in on the device: float64, which MPS does not have."""
    return torch.float32 if device.type == "mps" else torch.float64


def seed_step(value: int) -> None:
    """Seed dropout masks and whatever else draws in the coming step, on every device.

    As torch.manual_seed does, which takes a stack trace at each call for a GPU that is not used, or not there.
    """
    torch.default_generator.manual_seed(value % 2**63)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(value % 2**63)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(value % 2**63)


def deterministic(threads: int | None = None) -> None:
    """Ask for kernels whose result does not depend on timing; fix the CPU thread count where one is given.

    Operators that have none warn and go on: docs/protocol.md lists them.
    """
    disable_tf32()
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # it makes a CPU's forward pass 3 times slower
    torch.backends.cudnn.benchmark = False
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if threads:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one CPU thread inside this context, in plain arithmetic.

    A small step (a head's, an image's augmentation) gains nothing from a second one, waits for it wherever the
    machine is busy, and its sums would depend on the number of threads.
    """
    threads = torch.get_num_threads()
    plain_arithmetic()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)


def plain_arithmetic() -> None:
    """Compute with one thread in the calling one, numbers below 1e-38 being 0.

    The gradients of a head that is sure of itself are such numbers, and a CPU takes them a hundred times as long.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def hardware(device: torch.device) -> str:
    """Name what computes in one line: times compare only between equal lines."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"{torch.backends.mps.get_name()} GPU, {torch.backends.mps.get_core_count()} cores"
    return f"{processor_name()}, {torch.get_num_threads()} threads"


def release(device: torch.device) -> None:
    """Free what nothing refers to any more: graphs of torch.fx are cycles, which only the collector frees."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    else:
        give_back()


_earlier_peaks: dict[torch.device, int] = {}
"""Peaks since `reset_peak` and before the last stretch that was not counted."""


def reset_peak(device: torch.device) -> None:
    """Count the allocator's peak from now on; nothing where there is no such count (see `peak_allocated`)."""
    _earlier_peaks.pop(device, None)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_allocated(device: torch.device) -> int | None:
    """Return the most bytes that torch held on a CUDA device since `reset_peak`; None elsewhere."""
    if device.type != "cuda":
        return None
    return max(_earlier_peaks.get(device, 0), torch.cuda.max_memory_allocated(device))


@contextlib.contextmanager
def uncounted(device: torch.device) -> Iterator[None]:
    """Leave what runs inside this context, and frees what it allocates, out of `peak_allocated`."""
    before = peak_allocated(device)
    try:
        yield
    finally:
        if before is not None:
            reset_peak(device)
            _earlier_peaks[device] = before


class Clock:
    """Adds up wall seconds of the stretches it is switched on for, the device's work included.

    `cpu_s` are the CPU seconds of this process in them, of all its threads.
    """

    def __init__(self, device: torch.device, seconds: float = 0.0) -> None:
        self.device, self.seconds, self.cpu_s = device, seconds, 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Count the time inside this context."""
        synchronize(self.device)
        start, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            synchronize(self.device)
            self.seconds += time.perf_counter() - start
            self.cpu_s += time.process_time() - cpu


def call_seconds(call: Callable[[], object], device: torch.device) -> float:
    """Return the seconds of one call: on CUDA between two events on its stream, else by the clock."""
    if device.type != "cuda":
        clock = Clock(device)
        with clock.running():
            call()
        return clock.seconds
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    stream = torch.cuda.current_stream(device)  # of that device, which need not be the current one
    torch.cuda.synchronize(device)
    start.record(stream)
    call()
    end.record(stream)
    end.synchronize()
    return float(start.elapsed_time(end)) / 1e3
