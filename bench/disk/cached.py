"""What is kept below `$BENCH_HOME` and may be freed, as `bench cache` lists it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

State = Literal["whole", "damaged", "outdated", "partial", "left", "being written"]
"""`outdated` was kept before there were checksums, and is not used; `partial` is what an interrupted pass has
kept, where the next one goes on; `left` is what a process that was killed has left half-written."""

LEFTOVER_S = 24 * 3600
"""Temporary files and folders that nobody has written to for this long were left by a killed process."""


@dataclass(frozen=True)
class Listed:
    """Activations or images that are kept: sizes in bytes, times in seconds since 1970.

    `backbone` is empty where none made them, and every name where what is kept cannot be read.
    """

    key: str
    backbone: str
    dataset: str
    frontier: str
    images: int
    bytes: int
    seconds: float
    used_at: float
    state: State = "whole"


def select(
    entries: Sequence[Listed],
    *,
    backbone: str | None = None,
    dataset: str | None = None,
    keys: Sequence[str] | None = None,
) -> list[Listed]:
    """Take the entries of a backbone (named with or without its library), of a dataset, or whose keys begin so."""
    names = (backbone or "*", f"*/{backbone or '*'}")
    return [
        entry
        for entry in entries
        if any(fnmatchcase(entry.backbone, name) for name in names)
        and dataset in (None, entry.dataset)
        and (not keys or any(entry.key.startswith(key.lower()) for key in keys))
    ]
