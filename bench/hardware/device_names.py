"""The names that a device may have, which are checked before torch is there to look for one."""

from __future__ import annotations

import re

from bench.errors import BenchError

_NAMES = re.compile(r"auto|cuda(:\d+)?|mps|cpu", re.ASCII)


def check_device_name(name: str) -> None:
    """Raise BenchError for what is no name of a device."""
    if not _NAMES.fullmatch(name):
        raise BenchError(
            f"The device {name!r} cannot be used.",
            "It is no device to train on.",
            "Take --device auto, cuda, cuda:N, mps or cpu.",
        )
