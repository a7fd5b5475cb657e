"""What a reader makes of a dataset's files: class names, split lists and a source of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.data.checks.check import FolderNotes, OfficialSplit
from bench.data.images.decoding import decode
from bench.data.images.reading import AS_STORED, Reading
from bench.data.sources.tree import Tree


class ImageSource(Protocol):
    """The images of one official split; safe to use from many threads, and picklable."""

    def __len__(self) -> int:
        """Count the images."""

    def image(self, index: int) -> Image.Image:
        """Decode one image to RGB, eight bits a channel. Raises DataError, naming it, if it is corrupt."""

    def content(self, index: int) -> bytes:
        """Return the bytes that an image is made of: its file's, or its array's."""

    @property
    def encoded(self) -> bool:
        """Whether `content` is an image file, which may be damaged, turned or transparent."""

    def read_as(self, reading: Reading) -> ImageSource:
        """Return the same images, turned, composited and scaled as `reading` says."""


class FileSource:
    """Images that are files of a tree."""

    encoded = True

    def __init__(self, tree: Tree, names: Sequence[str], reading: Reading = AS_STORED) -> None:
        self.tree, self.names, self.reading = tree, tuple(names), reading

    def __len__(self) -> int:
        return len(self.names)

    def image(self, index: int) -> Image.Image:
        """Decode one image to RGB."""
        return decode(self.content(index), self.tree.where(self.names[index]), self.reading)

    def content(self, index: int) -> bytes:
        """Return the file's bytes."""
        return self.tree.read(self.names[index])

    def read_as(self, reading: Reading) -> Self:
        """Return the same images, read in another way."""
        return type(self)(self.tree, self.names, reading)


class ArraySource:
    """Images that are rows of one uint8 array in memory, [N, height, width] (grey) or [N, height, width, 3]."""

    encoded = False

    def __init__(self, array: NDArray[np.uint8]) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def image(self, index: int) -> Image.Image:
        """Return one image as RGB."""
        return Image.fromarray(self.array[index]).convert("RGB")

    def content(self, index: int) -> bytes:
        """Return the row's bytes."""
        return bytes(self.array[index].tobytes())

    def read_as(self, _reading: Reading) -> Self:
        """Return the same images: an array has neither orientation nor transparency."""
        return self


class PartSource:
    """Some images of another source: those at `indices`, in that order."""

    def __init__(self, source: ImageSource, indices: Sequence[int]) -> None:
        self.source, self.indices = source, tuple(indices)
        self.encoded = source.encoded

    def __len__(self) -> int:
        return len(self.indices)

    def image(self, index: int) -> Image.Image:
        """Decode one image to RGB."""
        return self.source.image(self.indices[index])

    def content(self, index: int) -> bytes:
        """Return the bytes that an image is made of."""
        return self.source.content(self.indices[index])

    def read_as(self, reading: Reading) -> Self:
        """Return the same images, read in another way."""
        return type(self)(self.source.read_as(reading), self.indices)


@dataclass(frozen=True, eq=False)
class RawSplit:
    """One official split: its sample ids, its labels under each target, and its images, all in one order."""

    ids: tuple[str, ...]
    labels: Mapping[str, tuple[int, ...]]
    source: ImageSource


@dataclass(frozen=True, eq=False)
class RawDataset:
    """What one reader found: class names under each target (the first is the default), and the official splits."""

    classes: Mapping[str, tuple[str, ...]]
    splits: Mapping[OfficialSplit, RawSplit]
    notes: FolderNotes = field(default_factory=FolderNotes)
