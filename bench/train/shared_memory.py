"""Limits worker processes to the room in shared memory: when it is full, they die of a bus error."""

from __future__ import annotations

import shutil
from pathlib import Path

SHM = Path("/dev/shm")  # noqa: S108 - where Linux keeps the memory that processes share
AHEAD = 3
"""Batches that a worker has in shared memory: two are fetched ahead by default, one is being read."""


def workers_that_fit(wanted: int, batch_size: int, image_size: int, shm: Path = SHM) -> tuple[int, str]:
    """Return how many of the wanted worker processes have room for their batches, and a note if not all have.

    Without a `shm` folder (macOS, Windows) shared memory has no size of its own.
    """
    try:
        free = shutil.disk_usage(shm).free
    except OSError:
        return wanted, ""
    each = AHEAD * batch_size * 3 * image_size**2
    fit = min(wanted, free // each)
    if fit == wanted:
        return wanted, ""
    instead = f"{fit} of {wanted} processes load images" if fit else "The training process loads the images itself"
    return fit, (
        f"{shm} has {free / 1e6:,.0f} MB free, and each process that loads needs {each / 1e6:,.0f} MB of it. "
        f"{instead}. In a container, raise it: docker run --shm-size=8g."
    )
