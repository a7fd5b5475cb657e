"""Datasets by their registry entry: found or fetched, read, and known by a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from bench.data.checks.check import OfficialSplit
from bench.data.checks.leaving_out import keep_only, leave_out
from bench.data.class_groups import with_groups
from bench.data.folders.lists import NO_LISTS, split_of_spec
from bench.data.images.reading import Reading
from bench.data.manifest import Manifest, ManifestHeader
from bench.data.manifest_files import load_header, load_manifest, save_manifest, source_signature
from bench.data.progress import Progress
from bench.data.raw import ImageSource, RawDataset
from bench.data.readers import READERS, Reader, class_folders
from bench.data.sources.download import fetch
from bench.data.sources.locating import is_bundled, locate, not_found
from bench.data.sources.opening import open_tree, unpacked_if_read
from bench.data.sources.places import remember_place
from bench.data.sources.tree import Tree
from bench.data.survey import survey
from bench.disk.bounded import expanded, resolved
from bench.errors import DataError, unknown_name
from bench.registry.entries import DatasetEntry
from bench.spec import TransformSpec

FOLDER = "folder:"


@dataclass(frozen=True, eq=False)
class Dataset:
    """An opened dataset: what it holds, and its images."""

    entry: DatasetEntry
    manifest: Manifest
    raw: RawDataset

    def images(self, official: OfficialSplit, transform: TransformSpec | None = None) -> ImageSource:
        """Return the images of an official split, read as a run's transform says; without one as they are stored.

        A `Split`'s `indices` count into those of its `official`.
        """
        source = self.raw.splits[official].source
        return source if transform is None else source.read_as(Reading.of(transform))


def open_dataset(
    entry: DatasetEntry,
    *,
    data_root: Path | None = None,
    download: bool = False,
    progress: Progress | None = None,
    checked: bool = False,
) -> Dataset:
    """Find a dataset (or fetch it, if told to), read its lists, and make its manifest if it is new or has changed.

    A manifest comes with a check of every image; with `checked`, one from before there were checks is made anew.
    Findings of the check are no errors here (`data.checks.findings.refuse_unfit`). Raises DataError if the dataset
    is missing or incomplete, or a file of groups does not fit its classes. Images are decoded later, one by one.
    """
    reader = _reader(entry)
    location = locate(entry, data_root)
    if location is None and not reader.bundled:
        if not (download and entry.files):
            raise not_found(entry, data_root)
        location = fetch(entry, data_root, progress).resolve()
    signature = source_signature(location)
    whole = load_manifest(entry.whole(), location, signature)
    with unpacked_if_read(entry, location):
        tree = open_tree(location, entry, reader, verified=whole is not None)
        raw = _read(reader, tree, entry)
    if whole is None or (not _is_checked(whole) and (checked or entry.skip_damaged)):
        whole = survey(raw, entry, progress)
        save_manifest(whole, entry.whole(), location, signature)
    manifest = _leave_out(whole, entry, location, signature)
    if entry.name.startswith(FOLDER):
        remember_place(manifest.fingerprint, entry)
    return Dataset(entry, with_groups(manifest, entry), keep_only(raw, manifest))


def open_as_seen(
    entry: DatasetEntry,
    fingerprint: str | None,
    *,
    data_root: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Open a dataset as what a run saw of it: whole, or without what its flags then left out.

    If nothing has that fingerprint, the dataset is returned as the entry has it. Raises what `open_dataset` does.
    """
    opened = open_dataset(entry.whole(), data_root=data_root, progress=progress)
    other = _entry_as_seen(opened.manifest, entry, fingerprint)
    return open_dataset(other or entry, data_root=data_root, progress=progress)


def known_as_seen(entry: DatasetEntry, fingerprint: str | None, data_root: Path | None = None) -> Manifest | None:
    """Return the manifest that `open_as_seen` has, if it was made earlier and the data is as it was; else None."""
    manifest = known_manifest(entry.whole(), data_root)
    other = _entry_as_seen(manifest, entry, fingerprint) if manifest else None
    return known_manifest(other or entry, data_root)


def known_manifest(entry: DatasetEntry, data_root: Path | None = None) -> Manifest | None:
    """Return the manifest made earlier, without opening the data; None if there is none or the data changed."""
    place = _place(entry, data_root)
    manifest = _kept_manifest(entry, *place) if place else None
    return with_groups(manifest, entry) if manifest else None


def known_header(entry: DatasetEntry, data_root: Path | None = None) -> ManifestHeader | None:
    """Return the header of `known_manifest`: fingerprint and counts, without reading a row per sample.

    None also if it was made before images were looked at: how a run reads them is not known then. Grouped targets
    need the class names, so that with them the whole manifest is read.
    """
    place = _place(entry, data_root)
    header = _kept_header(entry, *place) if place else None
    header = header if header and header.checked else None
    manifest = known_manifest(entry, data_root) if header and entry.groups else None
    if header is None or manifest is None:
        return header
    groups = {target: len(grouping.names) for target, grouping in manifest.groups.items()}
    return replace(header, classes={**header.classes, **groups})


def is_here(entry: DatasetEntry, data_root: Path | None = None) -> bool:
    """Say whether a dataset is on this machine."""
    return is_bundled(entry) or locate(entry, data_root) is not None


def folder_entry(path: Path, *, layout: str = "", lists: Sequence[str] = ()) -> DatasetEntry:
    """Make the entry of `folder:PATH`: images in class folders, in a folder or an archive; none of them is opened.

    `layout` and `lists` tell how to read it. Its name is `folder:` and the last part of the path, for the place is
    no part of a run's identity.
    """
    try:
        place = resolved(path)
        there = place.exists()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"There is no {path!s:.300}.", f"{why}.", "Check the path after folder:.") from error
    if not there:
        raise DataError(f"There is no {path}.", f"{place} does not exist.", "Check the path after folder:.")
    entry = DatasetEntry(
        name=f"{FOLDER}{place.name}",
        reader="class_folders",
        num_classes=1,
        locations=(str(place),),
        layout=layout,
        lists=tuple(_list_file(text, place) for text in lists),
    )
    with unpacked_if_read(entry, place):
        raw = class_folders.read(open_tree(place, entry, _reader(entry), verified=True), entry)
    counts = {split: len(part.ids) for split, part in raw.splits.items()}
    found = {"num_classes": len(raw.classes["label"]), "counts": counts, "note": raw.notes.as_text()}
    return entry.model_copy(update=found)


def _list_file(text: str, place: Path) -> str:
    """Name a list by its path below the dataset's folder if it lies there, else by its absolute path."""
    split, name = split_of_spec(text)
    path = expanded(name)
    if name != NO_LISTS and not (place / path).is_file() and path.is_file():
        path = path.resolve()
    inside = path.relative_to(place) if path.is_relative_to(place) else path
    return f"{split}={inside}" if split else str(inside)


def _entry_as_seen(whole: Manifest, entry: DatasetEntry, fingerprint: str | None) -> DatasetEntry | None:
    """Return the entry that leaves out just what data with this fingerprint does; None if nothing has it."""
    if fingerprint is None:
        return None
    for damaged, duplicates in product((False, True), repeat=2):
        other = entry.whole().leaving_out(damaged=damaged, duplicates=duplicates)
        if leave_out(whole, other).fingerprint == fingerprint:
            return other
    return None


def _is_checked(manifest: Manifest) -> bool:
    return manifest.check is not None and manifest.check.is_current


def _leave_out(whole: Manifest, entry: DatasetEntry, location: Path | None, signature: str) -> Manifest:
    """Return the manifest without what the entry leaves out, and keep it, so that planning finds it."""
    if entry == entry.whole():
        return whole
    manifest = leave_out(whole, entry)
    if load_manifest(entry, location, signature) != manifest:
        save_manifest(manifest, entry, location, signature)
    return manifest


def _kept_manifest(entry: DatasetEntry, location: Path | None, signature: str) -> Manifest | None:
    manifest = load_manifest(entry, location, signature)
    if manifest is not None or entry == entry.whole():
        return manifest
    whole = load_manifest(entry.whole(), location, signature)
    if whole is None or (entry.skip_damaged and not _is_checked(whole)):
        return None
    return _leave_out(whole, entry, location, signature)


def _kept_header(entry: DatasetEntry, location: Path | None, signature: str) -> ManifestHeader | None:
    header = load_header(entry, location, signature)
    if header is not None or entry == entry.whole():
        return header
    manifest = _kept_manifest(entry, location, signature)
    return ManifestHeader.of(manifest, signature) if manifest else None


def _place(entry: DatasetEntry, data_root: Path | None) -> tuple[Path | None, str] | None:
    """Return where a dataset lies and its signature; None where it is not here or nothing can read it."""
    location = locate(entry, data_root)
    if entry.reader not in READERS or (location is None and not is_bundled(entry)):
        return None
    return location, source_signature(location)


def _reader(entry: DatasetEntry) -> Reader:
    if entry.reader not in READERS:
        raise unknown_name(f"reader of the dataset {entry.name}", entry.reader, READERS, DataError)
    return READERS[entry.reader]


def _read(reader: Reader, tree: Tree, entry: DatasetEntry) -> RawDataset:
    try:
        return reader.read(tree, entry)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise DataError(
            f"The lists of the dataset {entry.name} at {tree.where()} cannot be read.",
            f"They are not as the layout {entry.reader} has them: {type(error).__name__}: {error}.",
            "Fetch or unpack the dataset again.",
        ) from error
