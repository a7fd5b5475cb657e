"""Images in one folder per class, with or without a split above: `train/cat/1.jpg` or `cat/1.jpg`.

Splits are folders named `train` (or `training`), `val` (`valid`, `validation`) and `test` (`testing`), in capitals
or not. Without `test`, `val` is the test split (as for ImageNet's own layout) and a validation split is cut from
`train` later; without both, and without any split, a stratified 20 % is `test`, chosen by the entry's
`split_seed`. Files that are no images by their name, and hidden ones, are not looked at; images may lie in folders
below their class's.
"""

from __future__ import annotations

import numpy as np

from bench.data.folders.files import count_skipped, sort_files
from bench.data.raw import FileSource, FolderNotes, OfficialSplit, RawDataset, RawSplit
from bench.data.stratify import fraction_of, stratified
from bench.data.tree import Tree
from bench.entries import DatasetEntry
from bench.errors import DataError

_SPLITS: dict[str, OfficialSplit] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_FEWEST_CLASSES = 2
_TEST_FRACTION = 0.2


def read(tree: Tree, entry: DatasetEntry) -> RawDataset:
    """Read the classes from the folders' names, sorted; a sample's id is its path below the top."""
    files = sort_files(tree)
    tree, names = _images(tree, list(files.images))
    parts = _by_split(names)
    if parts is not None:
        _refuse_empty(tree, parts)
    depth = 0 if parts is None else 1
    classes = _classes(tree, names, depth)
    index_of = {name: index for index, name in enumerate(classes)}
    labels = {name: index_of[name.split("/")[depth]] for name in names}
    parts = parts or {"train": names}
    if "test" not in parts and "val" in parts:
        parts["test"] = parts.pop("val")
    if "test" not in parts:
        parts |= _cut_test(parts["train"], labels, entry.split_seed)
    order: tuple[OfficialSplit, ...] = ("train", "val", "test")
    splits = {split: _part(tree, parts[split], labels) for split in order if split in parts}
    notes = FolderNotes(
        "splits/classes" if depth else "classes",
        skipped=count_skipped(files.others),
        system_folders=files.system_folders,
    )
    return RawDataset({"label": classes}, splits, notes)


def _classes(tree: Tree, names: list[str], depth: int) -> tuple[str, ...]:
    classes = sorted({name.split("/")[depth] for name in names})
    if len(classes) < _FEWEST_CLASSES:
        raise DataError(
            f"There is only one class at {tree.where()}.",
            f"All images are in the class folder {classes[0]}: there is nothing to tell apart.",
            "Name the folder that holds the class folders, two at least.",
        )
    return tuple(classes)


def _split_of(folder: str) -> OfficialSplit | None:
    return _SPLITS.get(folder.lower())


def _images(tree: Tree, names: list[str]) -> tuple[Tree, list[str]]:
    """Return the dataset's top, below any folder that only wraps it, and its images in class folders, sorted."""
    names = [name for name in names if "/" in name]
    tops = {name.split("/")[0] for name in names}
    wrapped = len(tops) == 1 and not any(map(_split_of, tops)) and all(name.count("/") > 1 for name in names)
    if wrapped:
        top = tops.pop()
        return _images(tree.below(top), [name.removeprefix(f"{top}/") for name in names])
    names = [name for name in names if name.count("/") > all(map(_split_of, tops))]
    if not names:
        raise DataError(
            f"There is no image in class folders at {tree.where()}.",
            "Looked for CLASS/image.jpg and train/CLASS/image.jpg.",
            "Put each class's images in a folder of the class's name.",
        )
    return tree, names


def _by_split(names: list[str]) -> dict[OfficialSplit, list[str]] | None:
    """Group paths by the split that their first folder names; None where the first folders are classes."""
    tops = {name.split("/")[0] for name in names}
    splits = {top: split for top in sorted(tops) if (split := _split_of(top))}
    if not splits:
        return None
    if others := sorted(tops - splits.keys()):
        raise DataError(
            "Some folders are named like splits, and some are not.",
            f"{', '.join(splits)} would be splits, and {others[0]} a class.",
            "Keep only train, val and test at the top; or put all class folders into one named train.",
        )
    if "train" not in splits.values():
        raise DataError(
            "There is no folder train.",
            f"The folders {', '.join(sorted(tops))} name splits, and training images are missing.",
            "Add a folder train with a folder per class in it.",
        )
    parts: dict[OfficialSplit, list[str]] = {}
    for name in names:
        parts.setdefault(splits[name.split("/")[0]], []).append(name)
    return parts


def _refuse_empty(tree: Tree, parts: dict[OfficialSplit, list[str]]) -> None:
    empty = sorted(folder for folder in tree.folders if (split := _split_of(folder)) and split not in parts)
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
