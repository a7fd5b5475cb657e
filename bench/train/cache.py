"""Kept activations of frozen parts: computed once for every image of a dataset, on disk, read each epoch.

An entry is a folder named by a key of everything that decides its numbers. It is written whole or not at all and
read as memory maps. Numbers lie as they are used: images first, and of channels-last tensors the channels last.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bench.home import bench_home
from bench.kept import LEFTOVER_S, Listed
from bench.records import FeaturePass

Array = npt.NDArray[np.floating[Any]]
Kept = tuple[Array, ...]
"""The tensors that cross a frontier, for the images of one part: (images, ...) each."""

Dtype = Literal["fp32", "fp16"]
DTYPES: dict[Dtype, type[np.floating[Any]]] = {"fp32": np.float32, "fp16": np.float16}


@dataclass(frozen=True)
class Layout:
    """What an entry holds: the images of each part, and for each tensor its shape without the batch."""

    images: Mapping[str, int]
    shapes: tuple[tuple[int, ...], ...]
    dtype: Dtype = "fp32"

    @property
    def image_bytes(self) -> int:
        """Bytes of one image."""
        return sum(int(np.prod(shape, dtype=np.int64)) for shape in self.shapes) * DTYPES[self.dtype]().itemsize

    @property
    def bytes(self) -> int:
        """Bytes of all images."""
        return sum(self.images.values()) * self.image_bytes


@dataclass(frozen=True)
class Label:
    """What an entry is called where people see it; nothing of it decides anything."""

    key: str
    backbone: str
    dataset: str
    frontier: str
    hardware: str


@dataclass(frozen=True)
class Entry:
    """Kept activations of every part, and what they cost.

    `alone_s` is what the pass would have taken without the other frontiers that it filled.
    """

    arrays: Mapping[str, Kept]
    made: FeaturePass
    alone_s: float
    fresh: bool = False


class FeatureCache:
    """The entries below one folder (`$BENCH_HOME/features`)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or bench_home() / "features"

    def read(self, key: str) -> Entry | None:
        """Return an entry as read-only memory maps; None where there is none, or none that is whole."""
        folder = self.folder / key
        try:
            meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
            arrays = {
                part: tuple(np.load(folder / f"{part}.{i}.npy", mmap_mode="r") for i in range(meta["tensors"]))
                for part in meta["parts"]
            }
            entry = Entry(arrays, FeaturePass(**meta["pass"]), meta["alone_s"])
        except (OSError, ValueError, KeyError, TypeError, EOFError):
            return None
        with contextlib.suppress(OSError):
            os.utime(folder / "meta.json")
        return entry

    def list(self) -> list[Listed]:
        """List the entries, the one used last first; what cannot be read is listed by its key and size alone."""
        folders = self.folder.iterdir() if self.folder.is_dir() else ()
        listed = (_listed(folder) for folder in folders if folder.is_dir() and not folder.name.startswith("."))
        return sorted(listed, key=lambda entry: -entry.used_at)

    def remove(self, key: str) -> None:
        """Free an entry; a process that has it open goes on reading it."""
        shutil.rmtree(self.folder / key, ignore_errors=True)

    def clear_leftovers(self) -> None:
        """Free what killed processes have left half-written."""
        for folder in self.folder.glob(".*.tmp"):
            with contextlib.suppress(OSError):
                if time.time() - max(p.stat().st_mtime for p in (folder, *folder.iterdir())) > LEFTOVER_S:
                    shutil.rmtree(folder, ignore_errors=True)

    def make_room(self, needed: int, budget: int, spare: frozenset[str] = frozenset()) -> None:
        """Free the entries that were used longest ago until `needed` bytes more fit the budget; `spare` some."""
        self.clear_leftovers()
        entries = self.list()
        held = sum(entry.bytes for entry in entries)
        for entry in reversed(entries):
            if held + needed <= budget:
                return
            if entry.key not in spare:
                self.remove(entry.key)
                held -= entry.bytes


def _listed(folder: Path) -> Listed:
    size = sum(file.stat().st_size for file in folder.glob("*.npy"))
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        made = FeaturePass(**meta["pass"])
        used = (folder / "meta.json").stat().st_mtime
        named = (made.backbone, made.dataset, meta["frontier"])
        return Listed(folder.name, *named, made.images, size, made.seconds, used)
    except (OSError, ValueError, KeyError, TypeError):
        return Listed(folder.name, "", "", "", 0, size, 0.0, 0.0)
