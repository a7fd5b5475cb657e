"""The only file that names cuda, mps or cpu: pick, seed, autocast, synchronise, measure, name the hardware."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from bench.allocator import give_back, keep_freed_memory
from bench.errors import BenchError

Precision = Literal["fp32", "bf16", "fp16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_NAMES = re.compile(r"cuda(:\d+)?|mps|cpu", re.ASCII)


def pick(name: str = "auto") -> torch.device:
    """Choose the device: `auto` is cuda, then mps, then cpu. Raises BenchError for one that is not there.

    From then on the process keeps the memory that it frees, where that is known to make a CPU faster.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if not _NAMES.fullmatch(name):
        raise BenchError(
            f"The device {name!r} cannot be used.",
            "It is no device to train on.",
            "Take --device auto, cuda, cuda:N, mps or cpu.",
        )
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise BenchError(
            f"The device {name!r} cannot be used.", f"{reason}.", "Take --device cpu or auto."
        ) from error
    if device.type == "cpu":
        keep_freed_memory()
    return device


def precision_for(device: torch.device, asked: str) -> tuple[Precision, str | None]:
    """Resolve a recipe's precision on a device: (what will be used, a message where it is not what was asked).

    `auto` is bf16 on a GPU that computes in it, else fp32; on a CPU it is fp32.
    """
    if device.type == "cpu":
        fell_back = asked == "fp16"
        return ("fp32" if asked == "auto" or fell_back else _known(asked)), (
            "fp16 is not trained on a CPU: fp32 is used instead." if fell_back else None
        )
    supported = device.type != "cuda" or torch.cuda.is_bf16_supported()
    if asked == "auto":
        return ("bf16" if supported and device.type == "cuda" else "fp32"), None
    if asked == "bf16" and not supported:
        return "fp32", "This GPU does not compute in bf16: fp32 is used instead."
    return _known(asked), None


def _known(precision: str) -> Precision:
    return precision  # type: ignore[return-value]


def autocast(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager[Any]:
    """Compute in mixed precision inside this context; fp32 changes nothing."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[precision])


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


def is_accelerator(device: torch.device) -> bool:
    """Say whether batches have to be sent to the device."""
    return device.type != "cpu"


def seed_step(value: int) -> None:
    """Seed dropout masks and whatever else draws in the coming step, on every device.

    As torch.manual_seed does, which where there is no GPU takes a stack trace for each kind of one and keeps it.
    """
    torch.default_generator.manual_seed(value % 2**63)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(value % 2**63)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(value % 2**63)


def deterministic(threads: int | None = None) -> None:
    """Ask for kernels whose result does not depend on timing; fix the CPU thread count where one is given."""
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
    return f"{_processor()}, {torch.get_num_threads()} threads"


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


class PeakMemory:
    """Peak memory in bytes of what runs inside: of the GPU's allocator, or this process's resident size.

    What the process has freed before is given back first, so that no peak is that of what ran earlier.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self._most = device, 0
        self._done = threading.Event()

    @property
    def bytes(self) -> int:
        """The peak so far; of what ran inside, once that has ended."""
        if self.device.type == "cuda" and not self._done.is_set():
            self._most = torch.cuda.max_memory_allocated(self.device)
        return self._most

    def __enter__(self) -> Self:
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            give_back()
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._most = self.bytes
        self._done.set()
        if self.device.type != "cuda":
            self._thread.join()

    def _watch(self) -> None:
        import psutil  # noqa: PLC0415 - only where a process is watched

        process, over = psutil.Process(), False
        while True:
            self._most = max(self._most, process.memory_info().rss)
            if over:
                return
            over = self._done.wait(0.05)


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


def latency(
    module: nn.Module, batch: Tensor, device: torch.device, precision: Precision = "fp32", repeats: int = 5
) -> float:
    """Measure the median seconds of one forward pass of `batch`, after one that warms up."""
    times = []
    with torch.inference_mode(), autocast(device, precision):
        for i in range(repeats + 1):
            clock = Clock(device)
            with clock.running():
                module(batch)
            if i:
                times.append(clock.seconds)
    return sorted(times)[len(times) // 2]
