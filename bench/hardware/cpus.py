"""The CPU's name, and how many of its cores this process may use."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path


def available_cpus() -> int:
    """Count the CPUs that this process may run on, fewer than there are if it is confined."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name() -> str:
    """Return the model name of the CPU."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
