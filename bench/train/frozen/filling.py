"""Filling the cache: several entries in one pass over the images, each of which appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.disk.atomic import atomic_folder, disk_errors
from bench.disk.checksum import sealed_json
from bench.errors import StoreError
from bench.hardware.conditions import Conditions
from bench.records.runs import FeaturePass
from bench.train.frozen.cache import DTYPES, Array, Entry, FeatureCache, Kept, Label, Layout
from bench.train.frozen.cache_folders import partial_folder
from bench.train.frozen.partial import (
    Journal,
    Opened,
    Progress,
    allocated,
    at_the_start,
    begin,
    file_name,
    flush,
    resume,
)

META_BYTES = 4096
FILE_BYTES = 128
"""Room for an entry's meta.json: so much, and so much more for each of its files."""

HALF_MAX = float(np.finfo(np.float16).max)


class TooLargeError(Exception):
    """Activations are too large for the numbers that they are to be kept as."""


class NotFiniteError(Exception):
    """Activations are not finite numbers."""


@dataclass
class Writing:
    """One entry while it is filled, each part from its first image to its last."""

    label: Label
    layout: Layout
    arrays: dict[str, Kept]
    folder: Path | None
    progress: Progress
    journal: Journal | None = None

    def lacks(self, part: str, at: int) -> bool:
        """Whether the images of a part from the `at`-th on are still to be computed."""
        return part in self.arrays and at >= self.progress.done[part]

    def write(self, part: str, at: int, tensors: Sequence[Array]) -> None:
        """Put the activations of a batch from the `at`-th image on.

        Raises TooLargeError if fp16 cannot hold them, and NotFiniteError for infinities and NaN.
        """
        if at != self.progress.done[part]:
            raise ValueError(f"{part} is done up to image {self.progress.done[part]}, not {at}.")
        for i, (array, tensor) in enumerate(zip(self.arrays[part], tensors, strict=True)):
            if not np.isfinite(tensor).all():
                raise NotFiniteError
            if array.dtype == np.float16 and max(tensor.max(), -tensor.min()) > HALF_MAX:
                raise TooLargeError
            array[at : at + len(tensor)] = tensor
            if self.folder is not None:
                self.progress.sums[file_name(part, i)].update(array[at : at + len(tensor)].data)
        self.progress.done[part] = at + len(tensors[0])

    def spend(self, seconds: float, alone_s: float) -> None:
        """Add what a batch took: in this pass, and as if this entry were filled alone."""
        self.progress.seconds += seconds
        self.progress.alone_s += alone_s

    def mark(self, *, now: bool = False) -> bool:
        """Make what is written safe, if that is due or wanted `now`; whether something is safe."""
        if self.journal is None:
            return False
        if now or self.journal.due:
            self.journal.mark(self.arrays, self.progress)
        return self.journal.safe

    def drop(self) -> None:
        """Keep nothing of the entry."""
        if self.journal is not None:
            self.journal.safe, self.journal.broken = False, True

    def finish(
        self,
        seconds: float,
        alone_s: float,
        pass_key: str,
        under: Conditions | None = None,
        *,
        peak: int | None = None,
    ) -> Entry:
        """Seal the entry with what the pass took, the conditions of that, and its peak of memory in bytes."""
        images = sum(self.layout.images.values())
        made = FeaturePass(
            self.label.key,
            self.label.backbone,
            self.label.dataset,
            images,
            self.layout.bytes,
            seconds,
            self.label.hardware,
            pass_key,
            peak,
            **asdict(under or Conditions()),
        )
        if self.folder is not None:
            self._seal(self.folder, made, alone_s)
        return Entry(self.arrays, made, alone_s, fresh=True)

    def _seal(self, folder: Path, made: FeaturePass, alone_s: float) -> None:
        flush(self.arrays)
        meta = {
            "parts": list(self.arrays),
            "tensors": len(self.layout.shapes),
            "own_s": alone_s,
            "frontier": self.label.frontier,
            "pass": asdict(made),
            "sums": {name: str(running) for name, running in self.progress.sums.items()},
        }
        with (folder / "meta.part").open("r+b") as file:
            file.write(sealed_json(meta).encode())
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        (folder / "meta.part").rename(folder / "meta.json")


@contextlib.contextmanager
def writing(
    cache: FeatureCache, wanted: Sequence[tuple[Label, Layout]], made_by: str = ""
) -> Iterator[dict[str, Writing]]:
    """Open entries to fill in one pass; at the end each that was sealed appears.

    Of an entry whose lock is held (`FeatureCache.filling`), what an interrupted pass has kept is taken over, and
    what this one keeps stays if it is interrupted; of any other, nothing stays if this raises. What a full or
    read-only disk does not take is held in memory if it is small, and is missing in what is given if not.
    """
    with ExitStack() as stack:
        opened: dict[str, Writing] = {}
        held = 0
        for label, layout in wanted:
            opening = _lasting if cache.is_ours(label.key) else _passing
            try:
                with ExitStack() as own:
                    opened[label.key] = own.enter_context(opening(cache, label, layout, made_by))
                    stack.push(own.pop_all())
            except StoreError:
                if held + layout.bytes <= cache.memory_bytes:
                    held += layout.bytes
                    cache.make_memory(held)
                    arrays = _held(layout)
                    opened[label.key] = Writing(label, layout, arrays, None, at_the_start(arrays))
        yield opened


@contextlib.contextmanager
def _lasting(cache: FeatureCache, label: Label, layout: Layout, made_by: str) -> Iterator[Writing]:
    """Open an entry in a folder that stays if the pass is interrupted after its first mark."""
    folder, target = partial_folder(cache.folder, label.key), cache.folder / label.key
    with disk_errors(target):
        filled = _taken_up(folder, label, layout, made_by)
    try:
        yield Writing(label, layout, filled.arrays, folder, filled.progress, filled.journal)
        if (folder / "meta.json").exists():
            with disk_errors(target), contextlib.suppress(FileExistsError):
                _put_in_place(folder, target)
    finally:
        if not filled.journal.safe:
            shutil.rmtree(folder, ignore_errors=True)


def _taken_up(folder: Path, label: Label, layout: Layout, made_by: str) -> Opened:
    filled = resume(folder, label, layout, made_by)
    try:
        if filled is None:
            shutil.rmtree(folder, ignore_errors=True)
            filled = begin(folder, label, layout, made_by)
        _reserve_meta(folder, layout)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return filled


def _put_in_place(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError as error:
        if target.is_dir():  # damaged, and the disk does not let go of it
            raise FileExistsError(target) from error
        raise
    (target / "progress").unlink(missing_ok=True)


@contextlib.contextmanager
def _passing(cache: FeatureCache, label: Label, layout: Layout, _made_by: str) -> Iterator[Writing]:
    """Open an entry in a folder of this process's own, which goes if nothing was sealed in it."""
    target = cache.folder / label.key
    with contextlib.suppress(_NothingSealedError), disk_errors(target), atomic_folder(target) as folder:
        with disk_errors(folder):
            _reserve_meta(folder, layout)
            arrays = allocated(folder, layout)
        yield Writing(label, layout, dict(arrays), folder, at_the_start(arrays))
        if not (folder / "meta.json").exists():
            raise _NothingSealedError


class _NothingSealedError(Exception):
    """A folder stays away because nothing whole is in it."""


def _reserve_meta(folder: Path, layout: Layout) -> None:
    room = META_BYTES + FILE_BYTES * len(layout.images) * len(layout.shapes)
    (folder / "meta.json").unlink(missing_ok=True)
    (folder / "meta.part").write_bytes(b" " * room)


def _held(layout: Layout) -> dict[str, Kept]:
    dtype = DTYPES[layout.dtype]
    return {
        part: tuple(np.empty((images, *shape), dtype) for shape in layout.shapes)
        for part, images in layout.images.items()
    }
