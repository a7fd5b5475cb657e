"""Versions of installed packages, where another version computes other numbers or takes another time."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.errors import BenchError


def versions(packages: Iterable[str]) -> dict[str, str | None]:
    """Return the version of each package, None where it is not installed."""
    return {package: _version(package) for package in packages}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


UNSUPPORTED = "Windows is not supported: file locks, leases and forked workers need a POSIX system."
INSTEAD = "Use WSL (wsl --install), and run bench inside of it."


def check_platform() -> None:
    """Raise BenchError on native Windows."""
    if sys.platform == "win32":
        raise BenchError("bench does not run on Windows.", UNSUPPORTED, INSTEAD)


def command_line() -> str:
    """Return the command that started this process, as a shell would take it."""
    return shlex.join([Path(sys.argv[0]).name.replace("__main__.py", "bench"), *sys.argv[1:]])
