"""Ctrl-C once: finish cleanly, resumable. Ctrl-C twice: now."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from types import FrameType
from typing import Any, Self


class Interrupts:
    """Catches SIGINT and SIGTERM while work is in progress; `wanted` says whether one came."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._catch)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wanted(self) -> bool:
        """Say whether the user wants to stop."""
        return self._wanted.is_set()

    def _catch(self, _number: int, _frame: FrameType | None) -> None:
        if self._wanted.is_set():
            raise KeyboardInterrupt
        self._wanted.set()
        with contextlib.suppress(OSError):  # not sys.stderr: this may come while that is being written to
            os.write(2, b"\nStopping after what is resumable; once more to stop at once.\n")
