"""scikit-learn's `load_digits`: 1,797 scans of 8x8 pixels, in ten classes.

It has no official split. Ours is fixed and part of this reader: a stratified 20 % is `test`, chosen by
`stratified` with seed 0 from the ids `digits/0000` to `digits/1796`, numbered in scikit-learn's order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.data.checks.check import OfficialSplit
from bench.data.raw import ArraySource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.data.stratify import fraction_of, stratified
from bench.registry.entries import DatasetEntry

_TEST_FRACTION = 0.2
_SEED = 0
_BRIGHTEST = 16


def read(_tree: Tree, _entry: DatasetEntry) -> RawDataset:
    """Read the digits; brightness 0 to 16 becomes 0 to 255."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - slow to import, and only this reader needs it

    digits = load_digits()
    images = np.rint(digits.images * (255 / _BRIGHTEST)).astype(np.uint8)
    labels = digits.target.astype(np.int64)
    ids = [f"digits/{number:04d}" for number in range(len(images))]
    test = stratified(ids, labels, fraction_of(len(ids), _TEST_FRACTION), seed=_SEED, keep=1)
    train = np.setdiff1d(np.arange(len(ids)), test)

    def part(chosen: NDArray[np.int64]) -> RawSplit:
        return RawSplit(
            tuple(ids[i] for i in chosen), {"label": tuple(labels[chosen].tolist())}, ArraySource(images[chosen])
        )

    splits: dict[OfficialSplit, RawSplit] = {"train": part(train), "test": part(test)}
    return RawDataset({"label": tuple(str(name) for name in digits.target_names)}, splits)
