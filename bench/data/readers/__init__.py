"""How each dataset's files are read: one explicit table, name -> reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.data.raw import RawDataset
from bench.data.readers import (
    cifar,
    class_folders,
    cub,
    digits,
    flowers102,
    idx,
    oxford_pets,
    stl10,
    tiny_imagenet,
)
from bench.data.sources.tree import Tree
from bench.registry.entries import DatasetEntry


@dataclass(frozen=True)
class Reader:
    """A function that reads a tree of files, and what it needs to know about the tree.

    `markers` are files of which one stands at the top of the dataset; `version` rises when the function would find
    something else in the same files; a `bundled` dataset comes with a Python package and has no files of its own.
    """

    read: Callable[[Tree, DatasetEntry], RawDataset]
    version: int
    markers: tuple[str, ...] = ()
    bundled: bool = False


READERS: dict[str, Reader] = {
    "cifar": Reader(cifar.read, 1, cifar.MARKERS),
    "class_folders": Reader(class_folders.read, 2),
    "cub": Reader(cub.read, 1, cub.MARKERS),
    "digits": Reader(digits.read, 1, bundled=True),
    "flowers102": Reader(flowers102.read, 1, flowers102.MARKERS),
    "idx": Reader(idx.read, 1, idx.MARKERS),
    "oxford_pets": Reader(oxford_pets.read, 1, oxford_pets.MARKERS),
    "stl10": Reader(stl10.read, 1, stl10.MARKERS),
    "tiny_imagenet": Reader(tiny_imagenet.read, 1, tiny_imagenet.MARKERS),
}
