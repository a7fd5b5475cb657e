"""Images in one folder per class, with or without a split above: `train/cat/1.jpg` or `cat/1.jpg`.

Splits are folders named `train`, `val` (or `valid`, `validation`) and `test`. Without `test`, `val` is the test
split (as for ImageNet's own layout) and a validation split is cut from `train` later; without both, and without
any split, a stratified 20 % is `test`, chosen by the entry's `split_seed`. Files that are no images by their name,
and hidden ones, are not looked at; images may lie in folders below their class's.
"""

from __future__ import annotations

import numpy as np

from bench.data.decoding import IMAGE_SUFFIXES
from bench.data.raw import FileSource, OfficialSplit, RawDataset, RawSplit
from bench.data.stratify import fraction_of, stratified
from bench.data.tree import Tree
from bench.entries import DatasetEntry
from bench.errors import DataError

_SPLITS: dict[str, OfficialSplit] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
_TEST_FRACTION = 0.2


def read(tree: Tree, entry: DatasetEntry) -> RawDataset:
    """Read the classes from the folders' names, sorted; a sample's id is its path below the top."""
    tree, names = _images(tree)
    parts = _by_split(names)
    if parts is not None:
        _refuse_empty(tree, parts)
    depth = 0 if parts is None else 1
    classes = _classes(names, depth)
    index_of = {name: index for index, name in enumerate(classes)}
    labels = {name: index_of[name.split("/")[depth]] for name in names}
    parts = parts or {"train": names}
    if "test" not in parts and "val" in parts:
        parts["test"] = parts.pop("val")
    if "test" not in parts:
        parts |= _cut_test(parts["train"], labels, entry.split_seed)
    order: tuple[OfficialSplit, ...] = ("train", "val", "test")
    splits = {split: _part(tree, parts[split], labels) for split in order if split in parts}
    return RawDataset({"label": classes}, splits)


def _classes(names: list[str], depth: int) -> tuple[str, ...]:
    return tuple(sorted({name.split("/")[depth] for name in names}))


def _images(tree: Tree) -> tuple[Tree, list[str]]:
    """Return the dataset's top, below any folder that only wraps it, and its images in class folders, sorted."""
    names = sorted(name for name in tree.files if "/" in name and _is_image(name))
    tops = {name.split("/")[0] for name in names}
    wrapped = len(tops) == 1 and not tops & _SPLITS.keys() and all(name.count("/") > 1 for name in names)
    if wrapped:
        return _images(tree.below(tops.pop()))
    names = [name for name in names if name.count("/") > (tops <= _SPLITS.keys())]
    if not names:
        raise DataError(
            f"There is no image in class folders at {tree.where()}.",
            "Looked for CLASS/image.jpg and train/CLASS/image.jpg.",
            "Put each class's images in a folder of the class's name.",
        )
    return tree, names


def _is_image(name: str) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
    return name.lower().endswith(IMAGE_SUFFIXES) and not hidden


def _by_split(names: list[str]) -> dict[OfficialSplit, list[str]] | None:
    """Group paths by the split that their first folder names; None where the first folders are classes."""
    tops = {name.split("/")[0] for name in names}
    if not tops <= _SPLITS.keys():
        return None
    if "train" not in tops:
        raise DataError(
            "There is no folder train.",
            f"The folders {', '.join(sorted(tops))} name splits, and training images are missing.",
            "Add a folder train with a folder per class in it.",
        )
    parts: dict[OfficialSplit, list[str]] = {}
    for name in names:
        parts.setdefault(_SPLITS[name.split("/")[0]], []).append(name)
    return parts


def _refuse_empty(tree: Tree, parts: dict[OfficialSplit, list[str]]) -> None:
    empty = sorted(folder for folder in tree.folders & _SPLITS.keys() if _SPLITS[folder] not in parts)
    if empty:
        raise DataError(
            f"The split {empty[0]} is empty.",
            f"There is a folder {tree.where(empty[0])}, but no image in class folders in it.",
            "Put its images there, or remove the folder to have a split cut from train.",
        )


def _cut_test(names: list[str], labels: dict[str, int], seed: int) -> dict[OfficialSplit, list[str]]:
    wanted = fraction_of(len(names), _TEST_FRACTION)
    test = stratified(names, [labels[name] for name in names], wanted, seed=seed, keep=1)
    train = np.setdiff1d(np.arange(len(names)), test)
    return {"train": [names[i] for i in train], "test": [names[i] for i in test]}


def _part(tree: Tree, names: list[str], labels: dict[str, int]) -> RawSplit:
    return RawSplit(tuple(names), {"label": tuple(labels[name] for name in names)}, FileSource(tree, names))
