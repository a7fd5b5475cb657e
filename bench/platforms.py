"""Which operating systems bench runs on."""

from __future__ import annotations

import sys

from bench.errors import BenchError

UNSUPPORTED = "Windows is not supported: file locks, leases and forked workers need a POSIX system."
INSTEAD = "Use WSL (wsl --install), and run bench inside of it."


def check_platform() -> None:
    """Raise BenchError on native Windows."""
    if sys.platform == "win32":
        raise BenchError("bench does not run on Windows.", UNSUPPORTED, INSTEAD)
