"""An entry of the feature cache: its layout, its label, and reading it from disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bench.disk.checksum import ARRAY_ERRORS, is_whole, unsealed_json
from bench.hardware.conditions import Conditions, Part
from bench.records.runs import FeaturePass

Array = npt.NDArray[np.floating[Any]]
Kept = tuple[Array, ...]
"""The tensors that cross a frontier, for the images of one part: (images, ...) each."""

Rows = Mapping[str, npt.NDArray[np.int64]]
"""The indices of the images that a partial entry holds, for each split, ascending."""

Dtype = Literal["fp32", "fp16"]
DTYPES: dict[Dtype, type[np.floating[Any]]] = {"fp32": np.float32, "fp16": np.float16}


@dataclass(frozen=True)
class Layout:
    """The layout of an entry: the images of each split, and the shape of each tensor without the batch."""

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
    """The display name of an entry; it identifies nothing."""

    key: str
    backbone: str
    dataset: str
    frontier: str
    hardware: str


@dataclass(frozen=True)
class Entry:
    """Kept activations of every part, and what they cost.

    `alone_s` is what the pass would have taken without the other frontiers and views that it filled. `rows` is
    None if the entry holds every image.
    """

    arrays: Mapping[str, Kept]
    made: FeaturePass
    alone_s: float
    fresh: bool = False
    rows: Rows | None = None

    @property
    def alone(self) -> Part:
        """`alone_s` with the conditions of the pass, and its share of the CPU seconds."""
        made = self.made
        cpu_s = None if made.cpu_s is None or not made.seconds else made.cpu_s * self.alone_s / made.seconds
        return Part(self.alone_s, Conditions(cpu_s, made.load, made.slowdown, made.disturbed))


def sealed(folder: Path) -> Entry | None:
    """Map an entry; None if it is missing, of another version, or not of the size that it was sealed with.

    The bytes of its files are not read: `damaged_files` compares them with their checksums.
    """
    try:
        meta = unsealed_json((folder / "meta.json").read_text(encoding="utf-8"))
        arrays = {
            part: tuple(np.load(folder / f"{part}.{i}.npy", mmap_mode="r") for i in range(meta["tensors"]))
            for part in meta["parts"]
        }
        entry = Entry(arrays, FeaturePass(**meta["pass"]), meta["own_s"])
    except ARRAY_ERRORS:
        return None
    return entry if sum(array.nbytes for kept in arrays.values() for array in kept) == entry.made.bytes else None


def damaged_files(folder: Path) -> list[Path]:
    """List the files of an entry that do not have their checksum; each is read once in a process."""
    try:
        sums = unsealed_json((folder / "meta.json").read_text(encoding="utf-8"))["sums"].items()
        return [folder / name for name, wanted in sums if not is_whole(folder / name, wanted)]
    except (OSError, ValueError, KeyError, AttributeError):
        return [folder / "meta.json"]
