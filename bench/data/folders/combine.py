"""Joins what a folder's levels say with what its lists say, or refuses where they contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.data.checks.check import OfficialSplit
from bench.data.folders.class_level import is_generic
from bench.data.folders.columns import Listing
from bench.data.folders.lists import Official, refuse_missing, split_by_name, two_labels
from bench.data.folders.understood import Understood, left_out, shown
from bench.errors import DataError


@dataclass(frozen=True)
class Read:
    """Class and split of each image that is used; `splits` is empty if nothing cuts the images."""

    layout: str
    lists: tuple[str, ...]
    labels: Mapping[str, str]
    splits: Mapping[str, OfficialSplit]
    remarks: tuple[str, ...]


def settle_classes(
    understood: Understood | None, listings: Sequence[Listing], *, asked: bool
) -> Understood | None:
    """Return what folders say, or None if lists say other classes and folders' names say none (`part_1`).

    Raises DataError if both say classes and contradict each other, unless a user `asked` for the lists.
    """
    for listing in listings if understood else ():
        if understood and listing.label_column and listing.labels and _contradict(understood.labels, listing):
            if asked or all(is_generic(label) for label in understood.labels.values()):
                return None
            raise DataError(
                f"Folders and {listing.file} name different classes.",
                f"The folders are {shown(set(understood.labels.values()))}; the column {listing.label_column} "
                f"of {listing.file} has {shown(set(listing.labels))}.",
                f"Take the file's: --list {listing.file}; or the folders': --list none.",
            )
    return understood


def refuse_partial(understood: Understood, listings: Sequence[Listing]) -> None:
    """Raise DataError for lists of one split alone that neither the folders nor other lists say again."""
    for listing in listings:
        split = split_by_name(listing.file)
        if split is None:
            continue
        folders = {understood.splits.get(image, "") for image in listing.images}
        everything = split == "train" and set(listing.images) >= understood.labels.keys()
        if folders != {split} and not everything:
            flags = ",".join(f"{name}={one.file}" for one in listings if (name := split_by_name(one.file)))
            raise DataError(
                f"{listing.file} lists {len(listing.images):,} of {len(understood.labels):,} images as {split}.",
                "No list beside it names the other splits, and no folder does.",
                f"Read it, with every image in no list for train: --list {flags}; or not: --list none.",
            )


def with_official(understood: Understood | None, lists: Official, images: Sequence[str], *, asked: bool) -> Read:
    """Take splits from official lists, and classes from folders, or from the lists if folders say none.

    Lists that a user `asked` for decide; found ones must agree with split folders, or DataError is raised.
    """
    splits = dict(lists.splits)
    if asked and "train" not in splits.values():
        splits = {image: splits.get(image, "train") for image in images}
    labels, remarks = _labels(understood, lists, splits, asked=asked)
    remarks = [*lists.remarks, *remarks]
    if understood and understood.splits and not asked:
        _refuse_other_splits(understood.splits, splits, lists.files)
        if splits.keys() >= understood.splits.keys() and all(image in understood.splits for image in labels):
            remarks = [
                *understood.remarks,
                f"{shown(lists.files)}: the splits are those of the folders.",
                *remarks,
            ]
            return Read(understood.layout, (), understood.labels, understood.splits, tuple(remarks))
    unlisted = [image for image in (understood.labels if understood else images) if image not in splits]
    if unlisted:
        _refuse_mostly_unlisted(unlisted, len(splits), lists.files, asked=asked)
        remarks.append(left_out(len(unlisted), "in no list", unlisted[0]))
    if unlabelled := [image for image in splits if image not in labels]:
        remarks.append(left_out(len(unlabelled), "without a label", unlabelled[0]))
    used = {image: split for image, split in splits.items() if image in labels}
    if asked and (lost := sorted(set(splits.values()) - set(used.values()))):
        raise DataError(
            f"No image that is listed as {lost[0]} has a label.",
            f"{shown(lists.files)} names none that is a class, and {unlabelled[0]} lies in no class folder.",
            "Give the list a column of labels, or name another list.",
        )
    return Read(
        understood.layout if understood else "",
        lists.files,
        {image: labels[image] for image in used},
        used,
        tuple(remarks),
    )


def with_labels(
    understood: Understood | None,
    listings: Sequence[Listing],
    splits: Mapping[str, OfficialSplit],
    images: Sequence[str],
) -> Read | None:
    """Take classes from lists that say nothing of splits, if folders say none; `splits` are those of folders.

    Returns None if no list has labels. Raises DataError if lists contradict each other, or name missing images.
    """
    labelled = [listing for listing in listings if listing.labels]
    if understood is not None:
        return Read(understood.layout, (), understood.labels, understood.splits, understood.remarks)
    if not labelled:
        return None
    labels: dict[str, str] = {}
    for listing in labelled:
        refuse_missing(listing)
        for image, label in zip(listing.images, listing.labels or (), strict=True):
            if label and labels.setdefault(image, label) != label:
                raise two_labels(image, labels[image], label, listing.file)
    used = {image: split for image, split in splits.items() if image in labels}
    remarks = [f"Labels are those of {listing.file}{_column(listing)}." for listing in labelled]
    if lost := [image for image in splits or images if image not in labels]:
        remarks.append(left_out(len(lost), "without a label", lost[0]))
    kept = {image: label for image, label in labels.items() if not splits or image in used}
    return Read("", tuple(listing.file for listing in labelled), kept, used, tuple(remarks))


def _labels(
    understood: Understood | None, lists: Official, splits: Mapping[str, OfficialSplit], *, asked: bool
) -> tuple[dict[str, str], list[str]]:
    """Return the class of each listed image, by folder if folders name classes; lists' labels are translated."""
    if understood is None:
        return dict(lists.labels), []
    both = [
        (lists.labels[image], understood.labels[image]) for image in lists.labels if image in understood.labels
    ]
    translated = _one_to_one(both)
    if both and translated is None and asked:
        return dict(lists.labels), ["Labels are those of the lists; folders have others."]
    names = translated or {}
    classes = set(understood.labels.values())
    labels = {}
    for image in splits:
        listed = lists.labels.get(image, "")
        if image in understood.labels:
            labels[image] = understood.labels[image]
        elif listed in names or listed in classes:
            labels[image] = names.get(listed, listed)
    differ = both and translated is None
    return labels, ["Classes are those of the folders; the lists' labels differ."] if differ else []


def _one_to_one(pairs: Sequence[tuple[str, str]]) -> dict[str, str] | None:
    """Return the mapping that pairs make, None if it is none or not one to one."""
    there, back = dict(pairs), {folder: listed for listed, folder in pairs}
    same = all(there[listed] == folder and back[folder] == listed for listed, folder in pairs)
    return there if pairs and same else None


def _refuse_other_splits(
    folders: Mapping[str, OfficialSplit], lists: Mapping[str, OfficialSplit], files: Sequence[str]
) -> None:
    differ = [image for image, split in lists.items() if folders.get(image, split) != split]
    if differ and not _renamed(folders, lists):
        raise DataError(
            "Folders and lists cut the images into different splits.",
            f"{len(differ):,} images differ, as {differ[0]}: its folder says {folders[differ[0]]}, "
            f"and {shown(files)} {lists[differ[0]]}.",
            f"Let the lists decide: {' '.join(f'--list {file}' for file in files)}; or the folders: --list none.",
        )


def _renamed(folders: Mapping[str, OfficialSplit], lists: Mapping[str, OfficialSplit]) -> bool:
    """Whether both cut the same sets, and call the held-out one val here and test there."""
    pairs = {(folders[image], split) for image, split in lists.items() if image in folders}
    return pairs in ({("train", "train"), ("test", "val")}, {("train", "train"), ("val", "test")})


def _refuse_mostly_unlisted(unlisted: Sequence[str], listed: int, files: Sequence[str], *, asked: bool) -> None:
    if len(unlisted) > listed and not asked:
        raise DataError(
            f"{shown(files)} lists {listed:,} of {listed + len(unlisted):,} images.",
            f"The others, as {unlisted[0]}, are in no list.",
            f"Take the listed ones: {' '.join(f'--list {file}' for file in files)}; or all: --list none.",
        )


def _contradict(folders: Mapping[str, str], listing: Listing) -> bool:
    """Whether folders and a list's labels name different things: neither are groups of the other's."""
    listed: defaultdict[str, set[str]] = defaultdict(set)
    folder: defaultdict[str, set[str]] = defaultdict(set)
    for image, label in zip(listing.images, listing.labels or (), strict=False):
        if image in folders and label:
            listed[label].add(folders[image])
            folder[folders[image]].add(label)
    return any(len(some) > 1 for some in listed.values()) and any(len(some) > 1 for some in folder.values())


def _column(listing: Listing) -> str:
    return f", column {listing.label_column}" if listing.label_column else ""
