"""Derives problems and oddities of a dataset from its manifest and the check stored with it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from bench.data.checks.check import DatasetCheck, OfficialSplit
from bench.data.checks.copies import Copies, find_copies
from bench.data.manifest import Manifest
from bench.data.splits import split as cut
from bench.errors import DataError
from bench.registry.entries import DatasetEntry
from bench.units import on_one_line, some_names

NAMED, LINKED = 5, 4
"""The most names that a message lists, and the most images that one name joins."""

SPLITS: tuple[OfficialSplit, ...] = ("train", "val", "test")
_DROP = "keep copies out of train: --drop-duplicates"
_LEVELS = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One kind of fault: `what` is a sentence without its full stop, `names` are what it is about.

    Nothing trains before an `error` is mended, as `todo` says; results may mislead after a `warning`.
    """

    key: str
    level: Literal["error", "warning", "note"]
    what: str
    names: tuple[str, ...] = ()
    todo: str = ""

    def text(self, most: int = NAMED) -> str:
        """Return the sentence with the first few names, safe to print."""
        return f"{self.what}{f': {some_names(self.names, most)}' if self.names else ''}."


def findings(manifest: Manifest, entry: DatasetEntry) -> list[Finding]:
    """List everything that is found, errors first.

    Two labels of one image, and a validation split that lacks a class, are errors in a user's own dataset; in a
    published one, which others use as it is, they are warnings.
    """
    check = manifest.check or DatasetCheck()
    found = [
        *_damaged(check),
        *(_emptied(manifest) or _uncovered_classes(manifest, entry)),
        *_copies(manifest, check, entry),
        *_folder(check),
        *_pictures(check),
        *_left_out(check),
    ]
    return sorted(found, key=lambda one: _LEVELS.index(one.level))


def refuse_unfit(manifest: Manifest, entry: DatasetEntry, *, listed: bool = False) -> None:
    """Raise one DataError for all the errors that are found, so that they can be mended at once.

    What is `listed` already is not listed again.
    """
    errors = [one for one in findings(manifest, entry) if one.level == "error"]
    if errors:
        todo = dict.fromkeys(one.todo for one in errors)
        raise DataError(
            f"The dataset {on_one_line(entry.name)} cannot be trained on as it is.",
            "Its errors are listed above." if listed else "\n".join(one.text() for one in errors),
            "\n".join([*todo, *([] if listed else [f"Everything that was found: {check_command(entry)}"])]),
        )


def linked(ids: Sequence[str], sign: str) -> str:
    """Join the ids of images that are one, or look like it; of many the first few."""
    more = [f"... ({len(ids):,} images)"] if len(ids) > LINKED else []
    return f" {sign} ".join([*ids[:LINKED], *more])


def check_command(entry: DatasetEntry) -> str:
    """Return the command that shows a dataset's check."""
    place = f"folder:{entry.locations[0]}" if entry.name.startswith("folder:") else entry.name
    how = f" --layout {shlex.quote(entry.layout)}" if entry.layout else ""
    how += "".join(f" --list {shlex.quote(one)}" for one in entry.lists)
    flags = " --skip-damaged" * entry.skip_damaged + " --drop-duplicates" * entry.drop_duplicates
    return f"bench datasets {shlex.quote(place)}{how} --check{flags}"


def _damaged(check: DatasetCheck) -> Iterator[Finding]:
    gone = set(check.left_out.damaged)
    left = {name: why for name, why in check.damaged.items() if name not in gone}
    if left:
        what = f"{_images(len(left))} cannot be decoded"
        names = tuple(f"{name} ({why.rstrip('.')})" for name, why in left.items())
        todo = "Restore the damaged images, or leave them out: --skip-damaged."
        yield Finding("damaged", "error", what, names, todo)


def _emptied(manifest: Manifest) -> list[Finding]:
    """Find what has no image after samples were left out; a whole dataset is refused when it is read."""
    todo = "Restore images, or leave fewer out."
    found = [
        Finding("emptied_splits", "error", f"No image of {name} is left", (), todo)
        for name, part in manifest.splits.items()
        if not part.ids
    ]
    for target in manifest.classes:
        if absent := _absent(manifest, "train", target):
            what = f"{_classes_of(manifest, target, absent)} no training image left"
            found.append(Finding("emptied_classes", "error", what, absent, todo))
    return found


def _uncovered_classes(manifest: Manifest, entry: DatasetEntry) -> Iterator[Finding]:
    """Find classes that val or test has no image of: nothing chooses by them, or measures them."""
    for target in manifest.classes:
        if "val" in manifest.splits and (absent := _absent(manifest, "val", target)):
            what = f"{_classes_of(manifest, target, absent)} no image in val, which chooses"
            todo = "Add images of every class to val, or take val away: a part of train then validates."
            yield Finding("classes_without_val", _own(entry), what, absent, todo)
        if absent := _absent(manifest, "test", target):
            what = f"{_classes_of(manifest, target, absent)} no image in test, so nothing is reported of them"
            yield Finding("classes_without_test", "warning", what, absent, "Add images of every class to test.")
    if "val" not in manifest.splits:
        yield from _uncovered_by_cut(manifest, entry)


def _uncovered_by_cut(manifest: Manifest, entry: DatasetEntry) -> Iterator[Finding]:
    target = manifest.default_target
    names, share = manifest.class_names(target), f"the {100 * entry.val_fraction:g} % of train that validate"
    todo = "Add training images, or give the dataset a val split of its own."
    try:
        val = set(cut(manifest, target, entry.val_fraction, entry.split_seed).val.labels.tolist())
    except DataError as error:
        yield Finding("val_cut", "warning", f"{error.what} {error.why}".rstrip("."), (), todo)
        return
    if absent := tuple(name for index, name in enumerate(names) if index not in val):
        what = f"{_classes_of(manifest, target, absent)} no image among {share}"
        yield Finding("classes_without_val", "warning", what, absent, todo)


def _copies(manifest: Manifest, check: DatasetCheck, entry: DatasetEntry) -> Iterator[Finding]:
    copies = find_copies(manifest, without=check.damaged)
    if contrary := [one for one in copies if one.contradict]:
        several = f"{_images(len(contrary))} {_has(len(contrary))}"
        what = f"{several} two labels, as the same bytes stand in several classes"
        names = tuple(linked(one.ids, "=") for one in contrary)
        todo = "Remove the wrong copies, or leave out every image that has two labels: --drop-duplicates."
        yield Finding("contradictions", _own(entry), what, names, todo)
    for first, second in combinations(SPLITS, 2):
        shared = [one for one in copies if {first, second} <= one.splits]
        if shared:
            what = f"{_images(len(shared))} of {second} {_is(len(shared))} in {first} too, byte for byte"
            yield Finding(f"{first}_and_{second}", "warning", what, _pairs(shared, first, second), f"To {_DROP}.")
    if within := [one for one in copies if one.splits == {"train"} and not one.contradict]:
        extra = sum(len(one.places) - 1 for one in within)
        what = f"train has {_images(extra)} more than once"
        level: Literal["warning", "note"] = "note" if "val" in manifest.splits else "warning"
        if level == "warning":
            what += ", so that train and the validation images cut from it may share some"
        names = tuple(linked(one.ids, "=") for one in within)
        yield Finding("repeated_in_train", level, what, names, f"To {_DROP}.")


def _folder(check: DatasetCheck) -> Iterator[Finding]:
    notes = check.notes
    if notes.empty_classes:
        what = f"{len(notes.empty_classes):,} class folder(s) without an image that is read"
        yield Finding("empty_classes", "warning", what, tuple(notes.empty_classes), "Add images, or remove them.")
    if notes.skipped:
        names = tuple(f"{folder or '.'} ({_suffixes(found)})" for folder, found in notes.skipped.items())
        total = sum(count for found in notes.skipped.values() for count in found.values())
        what = f"{total:,} file(s) were skipped, as they are not images that can be read"
        yield Finding("skipped", "warning", what, names, "Convert what is an image to JPEG or PNG.")
    for remark in notes.remarks:
        yield Finding("remark", "note", remark.rstrip("."))
    if notes.system_folders:
        what = f"{len(notes.system_folders):,} folder(s) of the operating system were skipped"
        yield Finding("system_folders", "note", what, tuple(notes.system_folders))


def _suffixes(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {suffix or 'without a suffix'}" for suffix, count in found.items())


def _pictures(check: DatasetCheck) -> Iterator[Finding]:
    turned = {name: (facts.pixels.turned, facts.pixels.images) for name, facts in check.splits.items()}
    if count := sum(some for some, _ in turned.values()):
        what = f"{_images(count)} {_is(count)} turned by an EXIF orientation: {_by_split(turned)}"
        yield Finding("turned", "note", what)
    clear = {name: (facts.pixels.transparent, facts.pixels.images) for name, facts in check.splits.items()}
    if count := sum(some for some, _ in clear.values()):
        what = f"{_images(count)} {_has(count)} transparent pixels: {_by_split(clear)}"
        yield Finding("transparent", "note", what)


def _left_out(check: DatasetCheck) -> Iterator[Finding]:
    for why in ("damaged", "duplicates", "contradictions"):
        if ids := getattr(check.left_out, why):
            reason = "having two labels" if why == "contradictions" else why
            yield Finding(f"left_out_{why}", "note", f"{_images(len(ids))} left out as {reason}", ids)


def _own(entry: DatasetEntry) -> Literal["error", "warning"]:
    return "warning" if entry.is_published else "error"


def _absent(manifest: Manifest, split: OfficialSplit, target: str) -> tuple[str, ...]:
    there = set(manifest.splits[split].labels[target])
    return tuple(name for index, name in enumerate(manifest.classes[target]) if index not in there)


def _classes_of(manifest: Manifest, target: str, some: Sequence[str]) -> str:
    several = f"{target} " if len(manifest.classes) > 1 else ""
    return f"{len(some):,} of {len(manifest.classes[target]):,} {several}classes {_has(len(some))}"


def _pairs(shared: Iterable[Copies], first: OfficialSplit, second: OfficialSplit) -> tuple[str, ...]:
    """Name for each image its first copy in either split."""
    found = []
    for one in shared:
        named = {place.split: name for place, name in zip(reversed(one.places), reversed(one.ids), strict=True)}
        found.append(f"{named[second]} = {named[first]}")
    return tuple(found)


def _by_split(counts: Mapping[OfficialSplit, tuple[int, int]]) -> str:
    return ", ".join(f"{some:,} of {images:,} in {name}" for name, (some, images) in counts.items())


def _images(count: int) -> str:
    return f"{count:,} image{'s' * (count != 1)}"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
