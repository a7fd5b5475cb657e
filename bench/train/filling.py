"""Filling the cache: several entries in one pass over the images, each whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.atomic import atomic_folder, disk_errors
from bench.conditions import Conditions
from bench.errors import StoreError
from bench.records import FeaturePass
from bench.train.cache import DTYPES, Array, Entry, FeatureCache, Kept, Label, Layout

META_BYTES = 4096
"""Room for an entry's meta.json; what it does not fill is blanks, which JSON allows at the end."""

HALF_MAX = float(np.finfo(np.float16).max)


class TooLargeError(Exception):
    """Activations are too large for the numbers that they are to be kept as."""


@dataclass
class Writing:
    """One entry while it is filled."""

    label: Label
    layout: Layout
    arrays: dict[str, Kept]
    folder: Path | None

    def write(self, part: str, at: int, tensors: Sequence[Array]) -> None:
        """Put the activations of a batch from the `at`-th image on; TooLargeError if fp16 cannot hold them."""
        for array, tensor in zip(self.arrays[part], tensors, strict=True):
            if array.dtype == np.float16 and max(tensor.max(), -tensor.min()) > HALF_MAX:
                raise TooLargeError
            array[at : at + len(tensor)] = tensor

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
            for array in (array for kept in self.arrays.values() for array in kept):
                array.flush()  # type: ignore[attr-defined]
            meta = {
                "parts": list(self.arrays),
                "tensors": len(self.layout.shapes),
                "own_s": alone_s,
                "frontier": self.label.frontier,
                "pass": asdict(made),
            }
            with (self.folder / "meta.part").open("r+b") as file:
                file.write(json.dumps(meta).encode())
            (self.folder / "meta.part").rename(self.folder / "meta.json")
        return Entry(self.arrays, made, alone_s, fresh=True)


@contextlib.contextmanager
def writing(cache: FeatureCache, wanted: Sequence[tuple[Label, Layout]]) -> Iterator[dict[str, Writing]]:
    """Open entries to fill in one pass; at the end each appears whole, or none of them if that raises.

    What the disk does not take, for it is full or read-only, is held in memory if it is small, and is missing in
    what is given if not.
    """
    with ExitStack() as stack:
        opened: dict[str, Writing] = {}
        held = 0
        for label, layout in wanted:
            try:
                with ExitStack() as own:
                    folder = own.enter_context(_folder(cache.folder / label.key))
                    opened[label.key] = Writing(label, layout, _mapped(folder, layout), folder)
                    stack.push(own.pop_all())
            except StoreError:
                if held + layout.bytes <= cache.memory_bytes:
                    held += layout.bytes
                    cache.make_memory(held)
                    opened[label.key] = Writing(label, layout, _held(layout), None)
        yield opened


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """Give a folder that becomes `path`, if anything was sealed in it."""
    with contextlib.suppress(_NothingSealedError), disk_errors(path), atomic_folder(path) as temporary:
        yield temporary
        if not (temporary / "meta.json").exists():
            raise _NothingSealedError


class _NothingSealedError(Exception):
    """A folder stays away because nothing whole is in it."""


def _mapped(folder: Path, layout: Layout) -> dict[str, Kept]:
    """Make memory maps whose room is reserved: a full disk raises here, not as a bus error later."""
    made: dict[str, Kept] = {}
    with disk_errors(folder):
        (folder / "meta.part").write_bytes(b" " * META_BYTES)
        for part, images in layout.images.items():
            made[part] = tuple(
                _allocate(folder / f"{part}.{i}.npy", (images, *shape), DTYPES[layout.dtype])
                for i, shape in enumerate(layout.shapes)
            )
    return made


def _allocate(path: Path, shape: tuple[int, ...], dtype: type[np.floating[Any]]) -> Array:
    array: Array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _held(layout: Layout) -> dict[str, Kept]:
    dtype = DTYPES[layout.dtype]
    return {
        part: tuple(np.empty((images, *shape), dtype) for shape in layout.shapes)
        for part, images in layout.images.items()
    }
