"""Finds the lists beside a dataset's images, and decides which of them are its official splits."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bench.data.checks.check import OfficialSplit
from bench.data.folders.columns import Listing, read_listing
from bench.data.folders.paths_listed import ImageIndex
from bench.data.folders.split_words import split_name
from bench.data.folders.tables import TEXT_SUFFIXES, decoded, read_tables
from bench.data.folders.understood import shown
from bench.data.sources.faults import unreadable
from bench.data.sources.suffixes import is_image
from bench.data.sources.tree import Tree
from bench.disk.bounded import MOST_IMAGE, read_bytes
from bench.errors import DataError

NO_LISTS = "none"
_NAMES = re.compile(
    r"_?(meta_?data|labels?|annotations?|classes|data|dataset|info|index|.*splits?.*)",
    re.IGNORECASE,
)
_SAMPLES = re.compile(r"submission|sample|example|template", re.IGNORECASE)
_TABLES = (".csv", ".tsv", ".jsonl")
_UNREAD = (".mat", ".pkl", ".pickle", ".npy", ".npz", ".parquet", ".xlsx", ".h5")
_LEAST = 10
_MANY = 200  # so many texts in one folder are annotations, one for each image
_ADVICE = "Name the lists to read with --list FILE, or train=FILE,test=FILE; --list none reads none."


@dataclass(frozen=True)
class Official:
    """The contents of a set of lists: the split of each image and, if a list has labels, its label."""

    files: tuple[str, ...]
    splits: Mapping[str, OfficialSplit]
    labels: Mapping[str, str]
    remarks: tuple[str, ...] = ()


def find_listings(tree: Tree, others: Sequence[str], index: ImageIndex) -> list[Listing]:
    """Read every file that lists at least some of a tree's images, judging by names first and then by content.

    Raises DataError if official lists are in a format that is not read, or name images in a way that is not.
    """
    crowded = {folder for folder, count in Counter(_folder(name) for name in others).items() if count > _MANY}
    near = [name for name in others if _folder(name) not in crowded]
    _refuse_unread(near)
    wanted = [name for name in near if may_be_list(name)]
    texts = {name: decoded(tree.read(name)) for name in wanted}
    found = {name: _read(name, text, index) for name, text in texts.items()}
    _refuse_unmatched({name: text for name, text in texts.items() if found[name] is None}, index)
    return [listing for listing in found.values() if listing is not None]


def named_listings(tree: Tree, asked: Sequence[str], index: ImageIndex) -> list[Listing]:
    """Read the lists that a user names: `FILE` or `SPLIT=FILE`, below the dataset's folder or anywhere.

    Raises DataError for one that cannot be read, or does not list the images.
    """
    listings = []
    for text in asked:
        split, name = split_of_spec(text)
        listing = _read(name, _content(tree, name), index)
        if listing is None:
            raise DataError(
                f"The list {name} does not name the images at {tree.where()}.",
                "Fewer than half of its lines are paths of images there, or ends of such paths.",
                "Write a path a line, or a CSV with a column of paths: cat/1.jpg,train.",
            )
        if split:
            listing = replace(listing, splits=(split,) * len(listing.images))
        listings.append(listing)
    return listings


def split_of_spec(text: str) -> tuple[OfficialSplit | None, str]:
    """Split `train=FILE` into the split and the file; a bare `FILE` has no split."""
    word, sign, file = text.partition("=")
    name = split_name(word.strip()) if sign else None
    if name and name.exact and name.word in ("train", "val", "test"):
        return name.word, file.strip()
    return None, text


def official(listings: Sequence[Listing], images: int, *, asked: bool = False) -> Official | None:
    """Choose the lists that cut the images into train and a held-out split; None if there are none.

    Of `images` a set must name a tenth at least.

    A list cuts them by a column, or several do by their names. Of numbered sets (DTD's `train1.txt` to
    `train10.txt`) the first counts. Raises DataError if several sets differ in more, or a set contradicts itself.
    `asked` lists may cut off a held-out split alone: every other image trains.
    """
    sets: dict[tuple[str, str], list[Listing]] = defaultdict(list)
    for listing in listings:
        if listing.splits is None:
            if (name := _split_by_name(listing.file)) is not None:
                split, key = name
                sets["" if asked else key[0], "" if asked else key[1]].append(
                    replace(listing, splits=(split,) * len(listing.images))
                )
        else:
            sets[("", "") if asked else ("", listing.file)].append(listing)
    whole = {key: some for key, some in sets.items() if asked or _is_whole(some, images)}
    if not whole:
        return None
    key, remarks = _first_set(whole)
    return _joined(whole[key], remarks)


def _is_whole(listings: Sequence[Listing], images: int) -> bool:
    kinds = {split for listing in listings for split in listing.splits or ()}
    named = len({image for listing in listings for image in listing.images})
    return "train" in kinds and bool(kinds & {"val", "test"}) and _LEAST * named >= images


def _first_set(sets: Mapping[tuple[str, str], list[Listing]]) -> tuple[tuple[str, str], tuple[str, ...]]:
    keys = sorted(sets, key=lambda key: (key[0], *_natural(key[1])))
    if len(keys) == 1:
        return keys[0], ()
    assigned = [_joined(sets[key], ()) for key in keys]
    if all(one.splits == assigned[0].splits for one in assigned):
        return keys[0], ()
    if len({(folder, re.sub(r"\d+", "", rest)) for folder, rest in keys}) == 1:
        return keys[0], (f"Of {len(keys)} sets of lists the first is read: {shown(assigned[0].files)}.",)
    raise DataError(
        "There are several sets of lists, and they differ.",
        f"{shown(assigned[0].files)} and {shown(assigned[1].files)} cut the images into other splits.",
        _ADVICE,
    )


def _joined(listings: Sequence[Listing], remarks: tuple[str, ...]) -> Official:
    """Put the lists of one set together. Raises DataError for an image in two splits, and for missing images."""
    splits: dict[str, OfficialSplit] = {}
    labels: dict[str, str] = {}
    source: dict[str, str] = {}
    kept = _without_repeats(listings)
    for listing in kept:
        refuse_missing(listing)
        for place, image in enumerate(listing.images):
            split = listing.splits[place] if listing.splits else None
            if split is None:
                continue
            if splits.setdefault(image, split) != split:
                raise DataError(
                    f"The image {image} is listed in {splits[image]} and in {split}.",
                    f"The lists are {source[image]} and {listing.file}.",
                    _ADVICE,
                )
            source[image] = listing.file
            label = listing.labels[place] if listing.labels else ""
            if label and labels.setdefault(image, label) != label:
                raise two_labels(image, labels[image], label, listing.file)
    order = ("train", "val", "test")
    kept.sort(key=lambda one: min((order.index(split) for split in one.splits or () if split), default=0))
    return Official(tuple(listing.file for listing in kept), splits, labels, remarks)


def refuse_missing(listing: Listing) -> None:
    """Raise DataError for a list that names images that are not there."""
    if listing.missing:
        raise DataError(
            f"{listing.missing:,} images that {listing.file} lists are not there.",
            f"The first is {listing.first_missing}; {len(listing.images):,} listed images are there.",
            "Fetch or unpack the dataset again; or --list none leaves the lists out.",
        )


def _without_repeats(listings: Sequence[Listing]) -> list[Listing]:
    """Leave out a list that repeats others: `train.json` beside `train.txt`, `trainval.txt` beside both parts."""
    kept: list[Listing] = []
    ordered = sorted(listings, key=lambda one: ("trainval" in one.file.lower(), one.file.endswith("json")))
    for listing in ordered:
        before = {image for other in kept for image in other.images}
        if not set(listing.images) <= before or len(kept) == 0 or not _repeats(listing, kept):
            kept.append(listing)
    return kept


def _repeats(listing: Listing, kept: Sequence[Listing]) -> bool:
    splits = {i: s for other in kept for i, s in zip(other.images, other.splits or (), strict=False)}
    own = dict(zip(listing.images, listing.splits or (), strict=False))
    return "trainval" in listing.file.lower() or all(splits[image] == split for image, split in own.items())


def split_by_name(file: str) -> OfficialSplit | None:
    """Return the split that a list's own name says (`testing_list.txt`), if it does."""
    name = split_name(PurePosixPath(file).stem)
    if name is None or name.word == "unused":
        return None
    return "test" if name.word == "eval" else name.word


def _read(name: str, text: str, index: ImageIndex) -> Listing | None:
    tables = list(read_tables(name, text))
    listing = read_listing(name, tables, index)
    if listing is None and (split := _split_by_name(name)):
        inside = [image for image in index.names if _lies_in(image, split[0])]
        listing = read_listing(name, tables, ImageIndex(inside, index.prefix)) if inside else None
    return listing


def two_labels(image: str, one: str, other: str, file: str) -> DataError:
    """Make the error for an image that lists give two labels."""
    return DataError(
        f"The image {image} has two labels.",
        f"It is {one!r}, and {other!r} in {file}.",
        "Give each image one label, or name the list that counts: --list FILE.",
    )


def _lies_in(image: str, split: OfficialSplit) -> bool:
    return any((name := split_name(part)) is not None and name.word == split for part in image.split("/")[:-1])


def _split_by_name(file: str) -> tuple[OfficialSplit, tuple[str, str]] | None:
    """Return the split that a list's name, or its folder's, says, and what the lists of its set share."""
    path = PurePosixPath(file)
    for named, rest in ((path.stem, str(path.parent)), (path.parent.name, f"{path.parent.parent}/*/{path.stem}")):
        name = split_name(named)
        if name and name.word != "unused":
            split: OfficialSplit = "test" if name.word == "eval" else name.word
            digits = " ".join(re.findall(r"\d+", named))
            return split, (rest, f"{name.rest} {digits}".strip())
    return None


def may_be_list(name: str) -> bool:
    """Whether a file's name is that of a list: `train.txt`, `metadata.csv`, any table."""
    path = PurePosixPath(name)
    if path.suffix.lower() not in TEXT_SUFFIXES or _SAMPLES.search(path.stem):
        return False
    by_name = split_name(path.stem) is not None or bool(_NAMES.fullmatch(path.stem))
    return path.suffix.lower() in _TABLES or by_name


def _refuse_unread(names: Collection[str]) -> None:
    """Raise DataError for official lists whose format is not read, unless the same are there as text."""
    readable = [name for name in names if may_be_list(name) and _split_by_name(name)]
    unread = [name for name in names if PurePosixPath(name).suffix.lower() in _UNREAD and _split_by_name(name)]
    kinds = {found[0] for name in unread if (found := _split_by_name(name))}
    if not readable and "train" in kinds and kinds & {"val", "test"}:
        raise DataError(
            f"The official splits are in a format that is not read: {shown(unread)}.",
            "Lists are read as text, CSV, JSON and JSON lines.",
            "Convert them and name them with --list train=FILE,test=FILE; or --list none leaves them out.",
        )


def _refuse_unmatched(texts: Mapping[str, str], index: ImageIndex) -> None:
    """Raise DataError for lists of train and a held-out split whose paths of images match none, or several."""
    named = {name: split[0] for name in texts if (split := _split_by_name(name))}
    paths = {name: path for name in named if (path := _path_in(name, texts[name]))}
    kinds = {named[name] for name in paths}
    if "train" in kinds and kinds & {"val", "test"}:
        raise DataError(
            f"The lists {shown(paths)} do not name the images beside them.",
            f"The paths in them, as {next(iter(paths.values()))}, are those of no image, or of several; "
            f"one image is {index.names[0]}.",
            "Correct the paths, capitals too; or --list none leaves the lists out.",
        )


def _path_in(name: str, text: str) -> str | None:
    """Return the first path of an image in a list that has one in most of its rows, else None."""
    for table in read_tables(name, text):
        for column in range(len(table.rows[0]) if table.rows else 0):
            images = [cell for cell in table.column(column) if is_image(cell)]
            if 2 * len(images) > len(table.rows):
                return images[0]
    return None


def _natural(text: str) -> tuple[tuple[int, ...], str]:
    return tuple(map(int, re.findall(r"\d+", text))), text


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _content(tree: Tree, name: str) -> str:
    if name in tree.files:
        return decoded(tree.read(name))
    path = Path(name)
    try:
        return decoded(read_bytes(path, MOST_IMAGE))
    except OSError as error:
        raise unreadable(path, error) from error
