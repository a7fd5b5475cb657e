"""Who holds a lease, and whether that process still lives."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

_SAME_START_S = 30.0  # a stepped clock moves start times; a process id is not given out again this soon


@dataclass(frozen=True)
class Process:
    """A process that no other one, anywhere or later, is taken for."""

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
            return not alive or abs(process.create_time() - self.started_at) > _SAME_START_S
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:  # another user's process: it is there, and that is all one may know
            return False


@dataclass(frozen=True)
class Worker:
    """One sweep at work: `started_at` is by the database's clock, the process's start by this machine's."""

    id: str
    process: Process
    started_at: float


def new_worker(now: float) -> Worker:
    """Make the worker of a sweep that this process begins at `now`."""
    process = psutil.Process()
    return Worker(uuid.uuid4().hex, Process(this_host(), os.getpid(), process.create_time()), now)


@cache
def this_host() -> str:
    """Name this machine as long as its process ids mean the same: the host, its boot and its pid namespace."""
    name = socket.gethostname()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{name}/{boot[:8]}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux
        return name
