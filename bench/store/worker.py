"""Who holds a lease, and whether that process still lives."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

_START_FIELD = 19  # of /proc/PID/stat, counted after the name in parentheses: proc(5), field 22
_WALL_CLOCK = 1e9  # a start time beyond this is seconds since 1970, not since the machine was started
_SAME_START_S = 30.0  # a stepped clock moves times since 1970; a process id is not given out again this soon


@dataclass(frozen=True)
class Process:
    """A process that no other one, anywhere or later, is taken for.

    `started_at` is in seconds since the machine was started, so that nobody can set it; since 1970 if the
    system does not tell.
    """

    host: str
    pid: int
    started_at: float

    @property
    def is_gone(self) -> bool:
        """Whether the process certainly ended: it ran here, and no longer does. Elsewhere nobody can tell."""
        if self.host != this_host():
            return False
        try:
            process = psutil.Process(self.pid)
            alive = process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
            return not alive or not self._is(process)
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:  # another user's process: it is there, and that is all one may know
            return False

    def _is(self, process: psutil.Process) -> bool:
        if self.started_at > _WALL_CLOCK:
            return abs(process.create_time() - self.started_at) <= _SAME_START_S
        return abs(_started_at(process) - self.started_at) <= 1.0


@dataclass(frozen=True)
class Worker:
    """One sweep at work; when it began, `last_attempt` was the last one, and those of `running` had not ended."""

    id: str
    process: Process
    last_attempt: int = 0
    running: frozenset[int] = frozenset()

    def began_after(self, attempt_id: int) -> bool:
        """Return whether an attempt had ended when this sweep began; attempts count up, clocks may go back."""
        return attempt_id <= self.last_attempt and attempt_id not in self.running


def new_worker(last_attempt: int = 0, running: Iterable[int] = ()) -> Worker:
    """Make the worker of a sweep that this process begins."""
    return Worker(uuid.uuid4().hex, this_process(), last_attempt, frozenset(running))


def this_process() -> Process:
    """Return this process."""
    return Process(this_host(), os.getpid(), _started_at(psutil.Process()))


def uptime() -> float | None:
    """Return the seconds since this machine was started, also while suspended; None if the system does not tell.

    Read from the kernel's own file: no change of the clock, and no library that fakes one, moves it.
    """
    try:
        return float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):  # not Linux
        return None


def _started_at(process: psutil.Process) -> float:
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_bytes()
        ticks = int(stat.rpartition(b")")[2].split()[_START_FIELD])
        return ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):  # not Linux, or gone
        return process.create_time()


@cache
def this_host() -> str:
    """Name this machine as long as its process ids mean the same: the host, its boot and its pid namespace."""
    name = socket.gethostname()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{name}/{boot[:8]}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux
        return name
