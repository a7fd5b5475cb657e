"""How many CPUs this process may use."""

from __future__ import annotations

import os


def available_cpus() -> int:
    """Count the CPUs that this process may run on, fewer than there are if it is confined."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
