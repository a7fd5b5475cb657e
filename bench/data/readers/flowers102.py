"""Oxford 102 Flowers: `jpg/image_00001.jpg` and on, with labels and split lists in two MATLAB files."""

from __future__ import annotations

import io

from bench.data.checks.check import OfficialSplit
from bench.data.raw import FileSource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.registry.entries import DatasetEntry

MARKERS = ("setid.mat",)
_LISTS: dict[OfficialSplit, str] = {"train": "trnid", "val": "valid", "test": "tstid"}


def read(tree: Tree, entry: DatasetEntry) -> RawDataset:
    """Read `setid.mat` (`trnid`, `valid` and `tstid`: train, val and test) and `imagelabels.mat`.

    Class names are the entry's, or the numbers from 1; a sample's id is its path.
    """
    numbers = _matlab(tree, "setid.mat")
    labels = _matlab(tree, "imagelabels.mat")["labels"]
    splits: dict[OfficialSplit, RawSplit] = {}
    for split, field in _LISTS.items():
        names = [f"jpg/image_{number:05d}.jpg" for number in numbers[field]]
        tree.require(names, "setid.mat")
        chosen = tuple(labels[number - 1] - 1 for number in numbers[field])
        splits[split] = RawSplit(tuple(names), {"label": chosen}, FileSource(tree, names))
    return RawDataset(
        {"label": entry.class_names or tuple(str(number + 1) for number in range(max(labels)))}, splits
    )


def _matlab(tree: Tree, name: str) -> dict[str, list[int]]:
    from scipy.io import loadmat  # noqa: PLC0415 - slow to import, and only this reader needs it

    tree.require([name])
    loaded = loadmat(io.BytesIO(tree.read(name)), squeeze_me=True)
    return {key: [int(value) for value in values] for key, values in loaded.items() if not key.startswith("__")}
