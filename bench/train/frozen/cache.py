"""Kept activations of frozen parts: computed once for every image of a dataset, on disk, read each epoch.

An entry is a folder named by a key of everything that decides its numbers. It is written whole or not at all and
read as memory maps. Numbers lie as they are used: images first, and of channels-last tensors the channels last.
An entry is sealed with the checksums of its files, which are verified when a process first reads it. One that has
others, or none, is never used: the next pass replaces it. What an interrupted pass has kept lies in a folder of
its own (`bench.train.frozen.partial`) until the pass goes on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.disk.atomic import disk_errors
from bench.disk.cached import Listed
from bench.disk.home import bench_home
from bench.disk.locks import Lock, locked
from bench.errors import StoreError
from bench.train.frozen import cache_folders as folders
from bench.train.frozen.cache_entry import (
    DTYPES,
    Array,
    Dtype,
    Entry,
    Kept,
    Label,
    Layout,
    Rows,
    damaged_files,
    sealed,
)

__all__ = ["DTYPES", "Array", "Dtype", "Entry", "FeatureCache", "Kept", "Label", "Layout", "Rows"]

MEMORY_LIMIT = 1 << 30
"""Bytes that may be held in memory where the disk takes nothing."""


class FeatureCache:
    """The entries below one folder (`$BENCH_HOME/features`), and in memory what the disk had no room for.

    What is held in memory takes at most `memory_bytes`, and is this object's alone.
    """

    def __init__(self, folder: Path | None = None, memory_bytes: int = MEMORY_LIMIT) -> None:
        self.folder, self.memory_bytes = folder or bench_home() / "features", memory_bytes
        self._held: dict[str, Entry] = {}
        self._ours: set[str] = set()

    def read(self, key: str) -> Entry | None:
        """Return an entry, from disk as read-only memory maps; None if there is none, or none that is whole."""
        if key in self._held:
            return self._held[key]
        folder = self.folder / key
        entry = sealed(folder)
        if entry is not None and damaged_files(folder):
            return None
        if entry is not None:
            with contextlib.suppress(OSError):
                os.utime(folder / "meta.json")
        return entry

    def is_damaged(self, key: str) -> bool:
        """Whether there is an entry that is not used, because it is damaged or has no checksums."""
        return (self.folder / key).is_dir() and self.read(key) is None

    def is_ours(self, key: str) -> bool:
        """Whether no other process can write an entry now: this one holds its lock."""
        return key in self._ours

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
        found = [folder for folder in self.folder.iterdir() if folder.is_dir()] if self.folder.is_dir() else []
        entries = [folders.listed(folder) for folder in found if not folder.name.startswith(".")]
        unfinished = [
            *map(folders.listed_unfinished, folders.temporary_folders(self.folder)),
            *map(folders.listed_partial, folders.partials(self.folder)),
        ]
        return sorted([*entries, *unfinished], key=lambda e: (-e.used_at, e.key))

    def remove(self, key: str) -> None:
        """Free an entry, and what killed processes left of it; a process that has it open goes on reading it.

        Raises StoreError where the disk refuses that.
        """
        self._held.pop(key, None)
        with locked(self.folder, key) as whose:
            self._discard(key, whose)
            if whose == "ours":
                with disk_errors(self.folder), contextlib.suppress(FileNotFoundError):
                    shutil.rmtree(folders.partial_folder(self.folder, key))

    @contextlib.contextmanager
    def filling(self, key: str, wait: Callable[[], None] | None = None) -> Iterator[bool]:
        """Say whether an entry is this process's to fill, as long as that lasts; with `wait`, wait until it is.

        What is there of it and is not whole goes, except what an interrupted pass has kept. `wait` is called again
        and again, and ends that by raising.
        """
        with locked(self.folder, key, wait) as whose:
            if whose != "theirs" and self.read(key) is None:
                with contextlib.suppress(StoreError):  # whoever writes will meet it again
                    self._discard(key, whose)
            if whose == "ours":
                self._ours.add(key)
            try:
                yield whose != "theirs"
            finally:
                self._ours.discard(key)

    def make_room(self, needed: int, budget: int, spare: frozenset[str] = frozenset()) -> None:
        """Free what killed processes left, and the entries used longest ago until `needed` bytes more fit.

        Entries of `spare` stay, and so does what the disk refuses to free.
        """
        for leftover in folders.worthless(self.folder):
            with locked(self.folder, folders.key_of(leftover)) as whose, contextlib.suppress(OSError):
                if folders.is_left(leftover, whose):
                    shutil.rmtree(leftover)
        entries = self.list()
        held = sum(entry.bytes for entry in entries if entry.state != "being written" or entry.key not in spare)
        for entry in sorted(entries, key=lambda entry: entry.used_at):
            if held + needed <= budget:
                return
            if entry.key not in spare and entry.state in ("whole", "damaged", "outdated", "partial"):
                with contextlib.suppress(StoreError):
                    self.remove(entry.key)
                    held -= entry.bytes

    def _discard(self, key: str, whose: Lock) -> None:
        """Remove an entry, and what was left of it half-written."""
        left = [
            path
            for path in folders.worthless(self.folder)
            if folders.key_of(path) == key and folders.is_left(path, whose)
        ]
        for folder in (self.folder / key, *left):
            with disk_errors(folder), contextlib.suppress(FileNotFoundError):
                shutil.rmtree(folder)
