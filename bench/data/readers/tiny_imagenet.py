"""The official layout of Tiny-ImageNet-200. Its `val` is our `test`: the labels of its own test are not public."""

from __future__ import annotations

from bench.data.checks.check import OfficialSplit
from bench.data.raw import FileSource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.registry.entries import DatasetEntry

MARKERS = ("wnids.txt",)


def read(tree: Tree, _entry: DatasetEntry) -> RawDataset:
    """Read `wnids.txt` (the order of the classes), `words.txt`, the training folders and `val_annotations.txt`.

    A class is named by its WordNet id and its first word, `n02124075 Egyptian cat`; a sample's id is its path.
    """
    ids = [words[0] for words in tree.lines("wnids.txt")]
    index_of = {wnid: index for index, wnid in enumerate(ids)}
    known = dict(line.split("\t", 1) for line in tree.text("words.txt").splitlines() if "\t" in line)
    classes = tuple(f"{wnid} {known[wnid].split(',')[0].strip()}" if wnid in known else wnid for wnid in ids)
    train = sorted(name for name in tree.files if name.startswith("train/") and name.lower().endswith(".jpeg"))
    annotations = tree.lines("val/val_annotations.txt")
    test = {f"val/images/{words[0]}": index_of[words[1]] for words in annotations}
    tree.require(test, "val/val_annotations.txt")
    splits: dict[OfficialSplit, RawSplit] = {
        "train": _part(tree, {name: index_of[name.split("/")[1]] for name in train}),
        "test": _part(tree, test),
    }
    return RawDataset({"label": classes}, splits)


def _part(tree: Tree, labels: dict[str, int]) -> RawSplit:
    return RawSplit(tuple(labels), {"label": tuple(labels.values())}, FileSource(tree, list(labels)))
