"""The Oxford-IIIT Pet dataset: `images/Abyssinian_1.jpg`, with split lists in `annotations/`."""

from __future__ import annotations

from bench.data.checks.check import OfficialSplit
from bench.data.raw import FileSource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.registry.entries import DatasetEntry

MARKERS = ("annotations/trainval.txt",)
_LISTS: dict[OfficialSplit, str] = {"train": "annotations/trainval.txt", "test": "annotations/test.txt"}


def read(tree: Tree, _entry: DatasetEntry) -> RawDataset:
    """Read lines of `image class species breed`; `trainval` is train.

    A class is named by the images' names (`english_cocker_spaniel`); a sample's id is its path.
    """
    rows = {split: [words for words in tree.lines(name) if words[0][0] != "#"] for split, name in _LISTS.items()}
    named = {int(row[1]): row[0].rpartition("_")[0] for part in rows.values() for row in part}
    classes = tuple(named[number] for number in range(1, max(named) + 1))
    splits: dict[OfficialSplit, RawSplit] = {}
    for split, part in rows.items():
        names = [f"images/{row[0]}.jpg" for row in part]
        tree.require(names, _LISTS[split])
        splits[split] = RawSplit(
            tuple(names), {"label": tuple(int(row[1]) - 1 for row in part)}, FileSource(tree, names)
        )
    return RawDataset({"label": classes}, splits)
