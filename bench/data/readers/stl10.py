"""STL-10's binary files, `train_X.bin`, `train_y.bin` and those of test; its unlabelled images are not read."""

from __future__ import annotations

import numpy as np

from bench.data.checks.check import OfficialSplit
from bench.data.raw import ArraySource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.registry.entries import DatasetEntry

MARKERS = ("train_X.bin",)
_SHAPE = (-1, 3, 96, 96)  # colour, column, row


def read(tree: Tree, _entry: DatasetEntry) -> RawDataset:
    """Read images, labels from 1, and `class_names.txt`; ids are `train/00000` and so on, in the files' order."""
    names = tuple(words[0] for words in tree.lines("class_names.txt"))
    order: tuple[OfficialSplit, ...] = ("train", "test")
    return RawDataset({"label": names}, {split: _part(tree, split) for split in order})


def _part(tree: Tree, split: OfficialSplit) -> RawSplit:
    tree.require([f"{split}_X.bin", f"{split}_y.bin"])
    pixels = np.frombuffer(tree.read(f"{split}_X.bin"), dtype=np.uint8).reshape(_SHAPE)
    images = np.ascontiguousarray(pixels.transpose(0, 3, 2, 1))
    labels = tuple(int(label) - 1 for label in tree.read(f"{split}_y.bin"))
    return RawSplit(tuple(f"{split}/{i:05d}" for i in range(len(images))), {"label": labels}, ArraySource(images))
