"""Progress of an incomplete cache entry: images done, and how far they are flushed to disk.

Beside the arrays, whose room is reserved, lies the file `progress`: what is kept, then a line for each mark. A
mark says how many images of each part are done and the checksum of every file up to there. It is written after
the arrays are flushed, so whatever ends a process, or the machine, the last mark whose checksums hold is true.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.disk.atomic import disk_errors
from bench.disk.checksum import ARRAY_ERRORS, Running, pieces, sealed_json, unsealed_json
from bench.train.frozen.cache_entry import DTYPES, Array, Kept, Label, Layout

MARK_EVERY_S = 5.0
"""A pass makes a mark after its first batch, and then as often: a kill costs no more than this."""


@dataclass
class Progress:
    """Images done of each part, the running checksums of its files by name, and the seconds that they took."""

    done: dict[str, int]
    sums: dict[str, Running]
    seconds: float = 0.0
    alone_s: float = 0.0

    @property
    def marked(self) -> dict[str, Any]:
        """The content of a progress mark."""
        sums = {name: str(running) for name, running in self.sums.items()}
        return {"done": self.done, "sums": sums, "seconds": self.seconds, "alone_s": self.alone_s}


@dataclass
class Journal:
    """The file of marks of one entry; `safe` is whether a mark is on disk."""

    path: Path
    safe: bool = False
    broken: bool = False
    marked_at: float = field(default=float("-inf"))

    @property
    def due(self) -> bool:
        """Whether it is time for a mark."""
        return not self.broken and time.monotonic() - self.marked_at >= MARK_EVERY_S

    def mark(self, arrays: Mapping[str, Kept], progress: Progress) -> bool:
        """Write a mark, after what it vouches for; False if the disk does not take it."""
        if self.broken:
            return False
        try:
            flush(arrays)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(sealed_json(progress.marked))
                file.flush()
                os.fsync(file.fileno())
        except OSError:  # what follows half a line would not be read
            self.broken = True
            return False
        self.safe, self.marked_at = True, time.monotonic()
        return True


@dataclass(frozen=True)
class Opened:
    """An entry to be filled: its arrays, how far it is, and its marks."""

    arrays: dict[str, Kept]
    progress: Progress
    journal: Journal


def begin(folder: Path, label: Label, layout: Layout, made_by: str) -> Opened:
    """Reserve an entry's room in a folder, which is made; raises DiskFullError or StoreError.

    `made_by` says what has to be the same when the pass goes on: batches, and where a backend fuses what it
    computes, the other frontiers.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True)
        arrays = allocated(folder, layout)
        journal = Journal(folder / "progress")
        with journal.path.open("w", encoding="utf-8") as file:
            file.write(sealed_json(_header(label, layout, made_by)))
            file.flush()
            os.fsync(file.fileno())
    return Opened(arrays, at_the_start(arrays), journal)


def resume(folder: Path, label: Label, layout: Layout, made_by: str) -> Opened | None:
    """Open what an interrupted pass has kept; None if there is nothing that can be gone on with."""
    try:
        lines = (folder / "progress").read_text(encoding="utf-8").splitlines(keepends=True)
        if unsealed_json(lines[0]) != json.loads(json.dumps(_header(label, layout, made_by))):
            return None
        arrays = _mapped(folder, layout)
        good, progress = _last_true_mark(folder, arrays, lines[1:])
        os.truncate(folder / "progress", sum(len(line.encode()) for line in lines[: 1 + good]))
    except (*ARRAY_ERRORS, IndexError, AttributeError):
        return None
    return Opened(arrays, progress, Journal(folder / "progress", safe=good > 0))


def allocated(folder: Path, layout: Layout) -> dict[str, Kept]:
    """Make memory maps whose room is reserved: a full disk raises here, not as a bus error later."""
    return {
        part: tuple(
            _allocate(folder / file_name(part, i), (images, *shape), layout)
            for i, shape in enumerate(layout.shapes)
        )
        for part, images in layout.images.items()
    }


def file_name(part: str, tensor: int) -> str:
    """Name the file of one tensor of a part."""
    return f"{part}.{tensor}.npy"


def at_the_start(arrays: Mapping[str, Kept]) -> Progress:
    """Return the progress of a pass that has done nothing: the checksums are of the files' headers."""
    done, sums = {}, {}
    for part, kept in arrays.items():
        done[part] = 0
        for i, array in enumerate(kept):
            sums[file_name(part, i)] = running = Running()
            if isinstance(array, np.memmap) and array.filename is not None:
                for piece in pieces(Path(array.filename), 0, array.offset):
                    running.update(piece)
    return Progress(done, sums)


def flush(arrays: Mapping[str, Kept]) -> None:
    """Write what the maps hold to disk, and wait for it."""
    for array in (array for kept in arrays.values() for array in kept):
        if isinstance(array, np.memmap):
            array.flush()


def _header(label: Label, layout: Layout, made_by: str) -> dict[str, Any]:
    return {"label": asdict(label), "layout": asdict(layout), "made_by": made_by}


def _mapped(folder: Path, layout: Layout) -> dict[str, Kept]:
    """Map the arrays of an interrupted pass for writing; raises ValueError if they are not as it made them."""
    made: dict[str, Kept] = {}
    for part, images in layout.images.items():
        kept = tuple(np.load(folder / file_name(part, i), mmap_mode="r+") for i in range(len(layout.shapes)))
        for array, shape in zip(kept, layout.shapes, strict=True):
            if array.shape != (images, *shape) or array.dtype != DTYPES[layout.dtype]:
                raise ValueError(f"{part} is of another shape.")
        made[part] = kept
    return made


def _last_true_mark(folder: Path, arrays: Mapping[str, Kept], lines: list[str]) -> tuple[int, Progress]:
    """Return how many marks hold, and the progress at the last of them; what comes after damage is done again."""
    progress, good = at_the_start(arrays), 0
    for line in lines:
        try:
            advanced = _advanced(folder, arrays, progress, unsealed_json(line))
        except ValueError:  # half a line
            break
        if advanced is None:
            break
        progress, good = advanced, good + 1
    return good, progress


def _advanced(
    folder: Path, arrays: Mapping[str, Kept], progress: Progress, mark: dict[str, Any]
) -> Progress | None:
    """Read the files on to where a mark says; None if their checksums are others."""
    sums: dict[str, Running] = {}
    for part, kept in arrays.items():
        for i, array in enumerate(kept):
            name = file_name(part, i)
            sums[name] = running = progress.sums[name].copy()
            end = array.offset + mark["done"][part] * array[:1].nbytes  # type: ignore[attr-defined]
            for piece in pieces(folder / name, running.bytes, end):
                running.update(piece)
            if str(running) != mark["sums"][name]:
                return None
    return Progress(dict(mark["done"]), sums, mark["seconds"], mark["alone_s"])


def _allocate(path: Path, shape: tuple[int, ...], layout: Layout) -> Array:
    array: Array = np.lib.format.open_memmap(path, mode="w+", dtype=DTYPES[layout.dtype], shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
