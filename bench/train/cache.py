"""Kept activations of frozen parts: computed once for every image of a dataset, on disk, read each epoch.

An entry is a folder named by a key of everything that decides its numbers. It is written whole or not at all and
read as memory maps. Numbers lie as they are used: images first, and of channels-last tensors the channels last.
An entry whose files do not have the sizes that it was sealed with is damaged: nobody reads it, the next pass
replaces it. Their bytes are not checked otherwise.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bench.atomic import disk_errors
from bench.conditions import Conditions, Part
from bench.errors import StoreError
from bench.home import bench_home
from bench.kept import LEFTOVER_S, Listed, State
from bench.records import FeaturePass
from bench.train.cache_locks import Lock, locked

Array = npt.NDArray[np.floating[Any]]
Kept = tuple[Array, ...]
"""The tensors that cross a frontier, for the images of one part: (images, ...) each."""

Dtype = Literal["fp32", "fp16"]
DTYPES: dict[Dtype, type[np.floating[Any]]] = {"fp32": np.float32, "fp16": np.float16}

MEMORY_LIMIT = 1 << 30
"""Bytes that may be held in memory where the disk takes nothing."""


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

    `alone_s` is what the pass would have taken without the other frontiers and views that it filled.
    """

    arrays: Mapping[str, Kept]
    made: FeaturePass
    alone_s: float
    fresh: bool = False

    @property
    def alone(self) -> Part:
        """`alone_s` with the conditions of the pass, and its share of the CPU seconds."""
        made = self.made
        cpu_s = None if made.cpu_s is None or not made.seconds else made.cpu_s * self.alone_s / made.seconds
        return Part(self.alone_s, Conditions(cpu_s, made.load, made.slowdown, made.disturbed))


class FeatureCache:
    """The entries below one folder (`$BENCH_HOME/features`), and in memory what the disk had no room for.

    What is held in memory takes at most `memory_bytes`, and is this object's alone.
    """

    def __init__(self, folder: Path | None = None, memory_bytes: int = MEMORY_LIMIT) -> None:
        self.folder, self.memory_bytes = folder or bench_home() / "features", memory_bytes
        self._held: dict[str, Entry] = {}

    def read(self, key: str) -> Entry | None:
        """Return an entry, from disk as read-only memory maps; None where there is none, or none that is whole."""
        if key in self._held:
            return self._held[key]
        folder = self.folder / key
        entry = _sealed(folder)
        if entry is not None:
            with contextlib.suppress(OSError):
                os.utime(folder / "meta.json")
        return entry

    def hold(self, key: str, entry: Entry) -> None:
        """Hold an entry in memory, from now on the same for all who read it."""
        self._held[key] = entry

    def make_memory(self, needed: int) -> None:
        """Let go of what is held in memory longest until `needed` bytes more fit."""
        while self._held and sum(e.made.bytes for e in self._held.values()) + needed > self.memory_bytes:
            del self._held[next(iter(self._held))]

    def list(self) -> list[Listed]:
        """List what is on disk, the entry used last first, what is not whole last.

        What is damaged, being written, or left by a process that was killed, is listed by its key and size alone.
        """
        folders = [folder for folder in self.folder.iterdir() if folder.is_dir()] if self.folder.is_dir() else []
        entries = [_listed(folder) for folder in folders if not folder.name.startswith(".")]
        return sorted([*entries, *map(_unfinished, _temporary(self.folder))], key=lambda e: (-e.used_at, e.key))

    def remove(self, key: str) -> None:
        """Free an entry, and what killed processes left of it; a process that has it open goes on reading it.

        Raises StoreError where the disk refuses that.
        """
        self._held.pop(key, None)
        with locked(self.folder, key) as whose:
            self._discard(key, whose)

    @contextlib.contextmanager
    def filling(self, key: str, wait: Callable[[], None] | None = None) -> Iterator[bool]:
        """Say whether an entry is this process's to fill, as long as that lasts; with `wait`, wait until it is.

        What is there of it and is not whole goes. `wait` is called again and again, and ends that by raising.
        """
        with locked(self.folder, key, wait) as whose:
            if whose != "theirs" and _sealed(self.folder / key) is None:
                with contextlib.suppress(StoreError):  # whoever writes will meet it again
                    self._discard(key, whose)
            yield whose != "theirs"

    def make_room(self, needed: int, budget: int, spare: frozenset[str] = frozenset()) -> None:
        """Free what killed processes left, and the entries used longest ago until `needed` bytes more fit.

        Entries of `spare` stay, and so does what the disk refuses to free.
        """
        for leftover in _temporary(self.folder):
            with locked(self.folder, _key_of(leftover)) as whose, contextlib.suppress(OSError):
                if _is_left(leftover, whose):
                    shutil.rmtree(leftover)
        entries = self.list()
        held = sum(entry.bytes for entry in entries)
        for entry in sorted(entries, key=lambda entry: entry.used_at):
            if held + needed <= budget:
                return
            if entry.key not in spare and entry.state in ("whole", "damaged"):
                with contextlib.suppress(StoreError):
                    self.remove(entry.key)
                    held -= entry.bytes

    def _discard(self, key: str, whose: Lock) -> None:
        """Remove an entry, and what was left of it half-written."""
        left = [path for path in _temporary(self.folder) if _key_of(path) == key and _is_left(path, whose)]
        for folder in (self.folder / key, *left):
            with disk_errors(folder), contextlib.suppress(FileNotFoundError):
                shutil.rmtree(folder)


def _temporary(folder: Path) -> list[Path]:
    """List the folders in which entries are being written, or were when a process was killed."""
    return sorted(folder.glob(".*.tmp"))


def _key_of(temporary: Path) -> str:
    """Return the key of an entry from the name of a folder in which it is written (`atomic_folder`)."""
    return temporary.name[1:].split(".")[0]


def _is_left(temporary: Path, whose: Lock) -> bool:
    """Say whether nobody writes a folder any more: its lock is free or, without locks, it is a day old."""
    if whose != "unknown":
        return whose == "ours"
    with contextlib.suppress(OSError):
        return time.time() - max(p.stat().st_mtime for p in (temporary, *temporary.iterdir())) > LEFTOVER_S
    return False


def _unfinished(folder: Path) -> Listed:
    key = _key_of(folder)
    with locked(folder.parent, key) as whose:
        state: State = "left" if _is_left(folder, whose) else "being written"
    return Listed(key, "", "", "", 0, _bytes(folder), 0.0, 0.0, state)


def _sealed(folder: Path) -> Entry | None:
    """Map an entry; None where it is missing, of another version, or not of the size that it was sealed with."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        arrays = {
            part: tuple(np.load(folder / f"{part}.{i}.npy", mmap_mode="r") for i in range(meta["tensors"]))
            for part in meta["parts"]
        }
        entry = Entry(arrays, FeaturePass(**meta["pass"]), meta["own_s"])
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    return entry if sum(array.nbytes for kept in arrays.values() for array in kept) == entry.made.bytes else None


def _bytes(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(file.stat().st_size for file in folder.glob("*.npy"))
    return 0


def _listed(folder: Path) -> Listed:
    entry, size = _sealed(folder), _bytes(folder)
    try:
        frontier = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["frontier"]
        used = (folder / "meta.json").stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        entry = None
    if entry is None:
        return Listed(folder.name, "", "", "", 0, size, 0.0, 0.0, "damaged")
    made = entry.made
    return Listed(folder.name, made.backbone, made.dataset, frontier, made.images, size, made.seconds, used)
