"""The IDX files of MNIST and its relatives (Fashion-MNIST), plain or gzipped.

Format: two zero bytes, the type (8 = uint8), the number of dimensions, each dimension as four bytes (big-endian),
then the values (http://yann.lecun.com/exdb/mnist).
"""

from __future__ import annotations

import gzip
import zlib

import numpy as np
from numpy.typing import NDArray

from bench.data.checks.check import OfficialSplit
from bench.data.raw import ArraySource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.errors import DataError
from bench.registry.entries import DatasetEntry

MARKERS = ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz")
_PREFIXES: dict[OfficialSplit, str] = {"train": "train", "test": "t10k"}
_UINT8 = 8


def read(tree: Tree, entry: DatasetEntry) -> RawDataset:
    """Read four IDX files; ids are `train/00000` and so on; class names are the entry's, or the numbers."""
    splits = {split: _part(tree, split, prefix) for split, prefix in _PREFIXES.items()}
    names = entry.class_names or tuple(str(number) for number in range(entry.num_classes))
    return RawDataset({"label": names}, splits)


def _part(tree: Tree, split: OfficialSplit, prefix: str) -> RawSplit:
    images = _load(tree, f"{prefix}-images-idx3-ubyte", 3)
    labels = _load(tree, f"{prefix}-labels-idx1-ubyte", 1)
    if len(images) != len(labels):
        raise DataError(
            f"The {split} files at {tree.where()} do not belong together.",
            f"They hold {len(images):,} images and {len(labels):,} labels.",
            "Fetch them again.",
        )
    ids = tuple(f"{split}/{number:05d}" for number in range(len(images)))
    return RawSplit(ids, {"label": tuple(labels.tolist())}, ArraySource(images))


def _load(tree: Tree, name: str, dimensions: int) -> NDArray[np.uint8]:
    packed = name not in tree.files
    file = f"{name}.gz" if packed else name
    tree.require([file])
    try:
        data = gzip.decompress(tree.read(file)) if packed else tree.read(file)
        return _parse(data, dimensions)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(
            f"Cannot read {tree.where(file)}.", f"It is damaged: {error}.", "Fetch it again."
        ) from error


def _parse(data: bytes, dimensions: int) -> NDArray[np.uint8]:
    if data[:4] != bytes([0, 0, _UINT8, dimensions]):
        raise ValueError(f"it does not start as {dimensions}-dimensional IDX bytes do")
    header = 4 + 4 * dimensions
    shape = tuple(int(size) for size in np.frombuffer(data[4:header], dtype=">u4"))
    return np.frombuffer(data, dtype=np.uint8, offset=header).reshape(shape)
