"""Ctrl-C (or SIGTERM) once: finish cleanly, resumable. Twice: now."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self

from bench.errors import INTERRUPTED, TERMINATED, TerminatedError


class Interrupts:
    """Catches SIGINT and SIGTERM while work is in progress; `wanted` says whether one came."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._before: dict[int, Any] = {}
        self.exit_code = INTERRUPTED
        """The exit code of a command that stopped before its work was done: 143 after SIGTERM, else 130."""

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

    def _catch(self, number: int, _frame: FrameType | None) -> None:
        self.exit_code = TERMINATED if number == signal.SIGTERM else INTERRUPTED
        if self._wanted.is_set():
            raise TerminatedError if number == signal.SIGTERM else KeyboardInterrupt
        self._wanted.set()
        with contextlib.suppress(OSError):  # not sys.stderr: this may come while that is being written to
            os.write(2, b"\nStopping after what is resumable; once more to stop at once.\n")


@contextlib.contextmanager
def terminable() -> Iterator[threading.Event]:
    """Let SIGTERM end this process (not forked ones) as Ctrl-C does, so that unfinished files are removed.

    The event says whether it came: typer makes one exit code of both.
    """
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM):
        yield came  # somebody has set a handler, or SIGTERM is ignored
        return
    ours = os.getpid()

    def terminate(number: int, _frame: FrameType | None) -> None:
        if os.getpid() == ours:
            came.set()
            raise TerminatedError
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, before)
