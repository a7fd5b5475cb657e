"""Images in one folder per class, with or without a level of splits, and with or without lists beside them.

What the levels mean is found out by `bench.data.folders.detect`, or told by the entry's `layout`; official lists
(`meta/train.txt`, `metadata.csv`, ...) are found by `bench.data.folders.lists`, or told by its `lists`. Whatever
can be read in two ways is refused. Without `test`, `val` is the test split (as for ImageNet's own layout) and a
validation split is cut from `train` later; without both, and without any split, a stratified 20 % is `test`,
chosen by the entry's `split_seed`. docs/data.md describes all of it for users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from bench.data.checks.check import FolderNotes, OfficialSplit
from bench.data.folders.columns import Listing
from bench.data.folders.combine import Read, refuse_partial, settle_classes, with_labels, with_official
from bench.data.folders.detect import understand
from bench.data.folders.files import Files, count_skipped, sort_files
from bench.data.folders.known import refuse_known
from bench.data.folders.levels import apply_layout, parse_layout
from bench.data.folders.lists import NO_LISTS, find_listings, may_be_list, named_listings, official
from bench.data.folders.paths_listed import ImageIndex
from bench.data.folders.split_words import SplitFolders, read_split_names, split_name
from bench.data.folders.understood import Understood, left_out, shown
from bench.data.folders.unread import empty_classes, no_image
from bench.data.raw import FileSource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.data.stratify import fraction_of, stratified
from bench.errors import DataError
from bench.registry.entries import DatasetEntry

_FEWEST_CLASSES = 2
_TEST_FRACTION = 0.2


def read(tree: Tree, entry: DatasetEntry) -> RawDataset:
    """Read classes, splits and images; a sample's id is its path below the folder in which the classes lie.

    Raises DataError if the folder holds no two classes, or can be read in more than one way.
    """
    if not (entry.layout or entry.lists):
        refuse_known(tree)
    files = sort_files(tree)
    if not files.images:
        raise no_image(tree, files)
    prefix = _wrapper(files.images)
    if entry.layout:
        prefix = _wrapper_for(entry.layout, files.images, prefix)
    top, names = tree.below(prefix[:-1]) if prefix else tree, _below(files.images, prefix)
    found, empty = _read(tree, top, names, files, prefix, entry)
    _refuse_empty_split(top, names, found)
    notes = FolderNotes(
        found.layout,
        found.lists,
        count_skipped([name for name in files.others if name not in found.lists]),
        files.system_folders,
        empty,
        (*found.remarks, *([left_out(links, "whose link is broken")] if (links := top.broken_links) else [])),
    )
    if not found.layout:
        _refuse_numbers(found)
    classes = _sorted_classes(set(found.labels.values()), by_folder=bool(found.layout))
    index_of = {name: index for index, name in enumerate(classes)}
    labels = {name: index_of[found.labels[name]] for name in names if name in found.labels}
    parts = _parts(labels, found.splits, entry.split_seed)
    return RawDataset({"label": classes}, {s: _part(top, some, labels) for s, some in parts.items()}, notes)


def _refuse_empty_split(top: Tree, names: Sequence[str], found: Read) -> None:
    """Raise DataError for a folder named like a split that holds no image, so that no other is cut in silence."""
    there = set(found.splits.values())
    for folder in sorted({name.split("/")[0] for name in top.folders} if there and not found.lists else ()):
        word = split_name(folder)
        if word and word.exact and word.word not in there and not _holds(folder, names):
            raise DataError(
                f"The split {folder} is empty.",
                f"There is a folder {top.where(folder)}, but no image in it.",
                "Put its images there, or remove the folder to have a split cut from train.",
            )


def _holds(folder: str, names: Sequence[str]) -> bool:
    return any(name.startswith(f"{folder}/") for name in names)


def _read(
    tree: Tree, top: Tree, names: Sequence[str], files: Files, prefix: str, entry: DatasetEntry
) -> tuple[Read, tuple[str, ...]]:
    """Read folders and lists, and join them; also return empty class folders."""
    understood, empty, failure = _folders(top, names, _below(files.others, prefix), entry)
    index = ImageIndex(names, prefix)
    asked = bool(entry.lists)
    if asked:
        listings = [] if entry.lists == (NO_LISTS,) else named_listings(tree, entry.lists, index)
    else:
        listings = [] if "splits" in entry.layout else find_listings(tree, files.others, index)
    understood = settle_classes(understood, listings, asked=asked)
    lists = official(listings, len(names), asked=asked) if listings else None
    if lists is not None and (understood or lists.labels):
        return with_official(understood, lists, names, asked=asked), empty
    if understood and not asked:
        refuse_partial(understood, listings)
    found = with_labels(understood, listings, _split_folders(names), names)
    if found is None:
        raise _with_lists(failure or no_image(tree, files), [] if asked else files.others, listings)
    return found, empty


def _with_lists(failure: DataError, others: Sequence[str], listings: Sequence[Listing]) -> DataError:
    """Add to the error of a folder without classes which files beside the images may have been meant as lists."""
    seen = {listing.file for listing in listings} | {name for name in others if may_be_list(name)}
    if not seen:
        return failure
    return DataError(
        failure.what,
        f"{failure.why} Of {shown(seen)} no column is understood as one label for each image.",
        f"{failure.todo} Or name a list with two columns, a path and its class: --list FILE.",
    )


def _folders(
    top: Tree, names: Sequence[str], others: Sequence[str], entry: DatasetEntry
) -> tuple[Understood | None, tuple[str, ...], DataError | None]:
    """Return what folders say and which class folders are empty, or else why they say no classes.

    Raises DataError if a class would vanish because its files are in a format that is not read.
    """
    try:
        told = parse_layout(entry.layout) if entry.layout else None
        understood = apply_layout(told, names, top.where()) if told else understand(names)
    except DataError as error:
        return None, (), error
    single = _single_class(understood, top)
    try:
        empty = empty_classes(top, understood, names, others)
    except DataError as error:
        if single is None:
            raise
        return None, (), error
    return (None, (), single) if single else (understood, empty, None)


def _single_class(understood: Understood, top: Tree) -> DataError | None:
    """Return the error for a folder of one class; None if there are more."""
    classes = sorted(set(understood.labels.values()))
    if len(classes) >= _FEWEST_CLASSES:
        return None
    return DataError(
        f"There is only one class at {top.where()}.",
        f"All images are in the class folder {classes[0]}: there is nothing to tell apart.",
        "Name the folder that holds the class folders, two at least.",
    )


def _wrapper(names: Sequence[str]) -> str:
    """Return the path of the folders that only wrap all others (`archive/images/`); those of splits do not."""
    prefix = ""
    while inside := [name for name in _below(names, prefix) if "/" in name]:
        tops = {name.split("/")[0] for name in inside}
        top = next(iter(tops))
        known = split_name(top)
        if len(tops) > 1 or (known and known.exact) or any(name.count("/") == 1 for name in inside):
            break
        prefix += f"{top}/"
    return prefix


def _wrapper_for(layout: str, names: Sequence[str], prefix: str) -> str:
    """Return the wrapper below which images have the layout's levels: the innermost, else one further up."""
    parsed = parse_layout(layout)
    while prefix and not any(parsed.fits(name.split("/")[:-1]) for name in _below(names, prefix)):
        prefix = prefix.rstrip("/").rpartition("/")[0]
        prefix += "/" if prefix else ""
    return prefix


def _below(names: Sequence[str], prefix: str) -> list[str]:
    return [name[len(prefix) :] for name in names if name.startswith(prefix)]


def _split_folders(names: Sequence[str]) -> Mapping[str, OfficialSplit]:
    """Return the split of images that lie side by side in folders of splits."""
    verdict = read_split_names({name.split("/")[0] for name in names if "/" in name})
    if not isinstance(verdict, SplitFolders):
        return {}
    return {name: split for name in names if "/" in name and (split := verdict.splits[name.split("/")[0]])}


def _refuse_numbers(found: Read) -> None:
    """Raise DataError for labels of lists that are hardly ever the same: an id, or a number to be predicted."""
    different = len(set(found.labels.values()))
    if 2 * different > len(found.labels):
        raise DataError(
            f"The labels of {', '.join(found.lists)} are no classes.",
            f"{len(found.labels):,} images have {different:,} labels, as {next(iter(found.labels.values()))!r}.",
            "Name a list with a column of classes: --list FILE.",
        )


def _sorted_classes(classes: set[str], *, by_folder: bool) -> tuple[str, ...]:
    """Sort class names as text, and labels of lists that are all numbers by their size."""
    numbers = not by_folder and all(name.isdecimal() for name in classes)
    return tuple(sorted(classes, key=int) if numbers else sorted(classes))


def _parts(
    labels: Mapping[str, int], splits: Mapping[str, OfficialSplit], seed: int
) -> Mapping[OfficialSplit, list[str]]:
    """Group images by split: val is test if there is no test, and a fifth of train is if there is neither."""
    parts: dict[OfficialSplit, list[str]] = {}
    for name in labels:
        parts.setdefault(splits.get(name, "train"), []).append(name)
    if "test" not in parts and "val" in parts:
        parts["test"] = parts.pop("val")
    if "test" not in parts:
        parts |= _cut_test(parts["train"], labels, seed)
    order: tuple[OfficialSplit, ...] = ("train", "val", "test")
    return {split: parts[split] for split in order if split in parts}


def _cut_test(names: list[str], labels: Mapping[str, int], seed: int) -> dict[OfficialSplit, list[str]]:
    counts = Counter(labels[name] for name in names)
    if len(names) == len(counts):
        raise DataError(
            "No test split can be cut from one image of each class.",
            f"{len(names):,} images have {len(counts):,} classes, and every class needs a training image.",
            "Add images; or put those to test on in a folder beside train, as test/CLASS.",
        )
    wanted = fraction_of(len(names), _TEST_FRACTION)
    test = stratified(names, [labels[name] for name in names], wanted, seed=seed, keep=1)
    train = np.setdiff1d(np.arange(len(names)), test)
    return {"train": [names[i] for i in train], "test": [names[i] for i in test]}


def _part(tree: Tree, names: list[str], labels: Mapping[str, int]) -> RawSplit:
    return RawSplit(tuple(names), {"label": tuple(labels[name] for name in names)}, FileSource(tree, names))
