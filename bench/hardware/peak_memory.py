"""Peak memory of a run or a frozen pass, apart from what ran before it and from what it pauses for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import torch

from bench.hardware.allocator import give_back
from bench.hardware.device import peak_allocated, release, reset_peak

EVERY_S = 0.05
"""How often the resident size of the process is read."""


class PeakMemory:
    """Peak memory in bytes of what runs inside: of the GPU's allocator, or this process's resident size.

    What was freed before is given back first, so that no peak is that of what ran earlier. Inside `paused` nothing
    counts, so that another measurement may run there.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self._most = device, 0
        self._over, self._counts, self._reading = threading.Event(), False, threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def bytes(self) -> int:
        """The peak so far; of what ran inside, once that has ended."""
        self._read()
        return self._most

    def __enter__(self) -> Self:
        release(self.device)
        self._begin()
        if peak_allocated(self.device) is None:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._read()
        self._counts = False
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out what runs inside this context; what it freed is given back at its end."""
        self._read()
        with self._reading:
            self._counts = False
        try:
            yield
        finally:
            self._begin()

    def _begin(self) -> None:
        if peak_allocated(self.device) is None:
            give_back()
        reset_peak(self.device)
        self._counts = True
        self._read()

    def _read(self) -> None:
        with self._reading:
            if self._counts:
                self._take()

    def _take(self) -> None:
        allocated = peak_allocated(self.device)
        self._most = max(self._most, _resident() if allocated is None else allocated)

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            self._read()


def _resident() -> int:
    import psutil  # noqa: PLC0415 - only where a process is watched

    return int(psutil.Process().memory_info().rss)
