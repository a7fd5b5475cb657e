"""Leaves out samples on a user's word: damaged images, duplicates, and images that have two labels.

The rules depend on the manifest alone, so the same flags leave out the same samples everywhere, and nothing at all
of a dataset without such faults, whose fingerprint then stays as it is.

* Damaged images are left out of every split.
* An image that test has too is left out of train and val, and one that val has too is left out of train. Of
  several copies in train the first stays, since a validation split cut from train could get one of them. Copies
  within val, or within test, stay.
* An image with two labels is left out of every split: no label of it is known to be right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from bench.data.checks.check import DatasetCheck, LeftOut, OfficialSplit
from bench.data.checks.copies import Copies, Place, find_copies
from bench.data.manifest import Manifest, SplitManifest
from bench.data.raw import PartSource, RawDataset, RawSplit
from bench.registry.entries import DatasetEntry

_FIRST_KEPT_IN: tuple[OfficialSplit, ...] = ("test", "val", "train")


@dataclass(frozen=True)
class _Places:
    damaged: list[Place]
    duplicates: list[Place]
    contradictions: list[Place]

    @property
    def by_split(self) -> Mapping[OfficialSplit, set[int]]:
        found: dict[OfficialSplit, set[int]] = defaultdict(set)
        for split, index in (*self.damaged, *self.duplicates, *self.contradictions):
            found[split].add(index)
        return found


def leave_out(manifest: Manifest, entry: DatasetEntry) -> Manifest:
    """Return the manifest without the samples that the entry leaves out, or the same one if that is none."""
    damaged = manifest.check.damaged if manifest.check else {}
    places = _Places([], [], [])
    if entry.skip_damaged and damaged:
        places.damaged.extend(
            Place(split, index)
            for split, part in manifest.splits.items()
            for index, name in enumerate(part.ids)
            if name in damaged
        )
    if entry.drop_duplicates:
        for copies in find_copies(manifest, without=damaged):
            (places.contradictions if copies.contradict else places.duplicates).extend(_superfluous(copies))
    gone = places.by_split
    if not gone:
        return manifest
    splits = {split: _without(part, gone.get(split, set())) for split, part in manifest.splits.items()}
    check = _noted(manifest, manifest.check, places) if manifest.check else None
    return Manifest(
        name=manifest.name,
        reader=manifest.reader,
        reader_version=manifest.reader_version,
        classes=manifest.classes,
        splits=splits,
        groups=manifest.groups,
        check=check,
    )


def keep_only(raw: RawDataset, manifest: Manifest) -> RawDataset:
    """Return what a reader found, limited to the samples of a manifest that leaves some out."""
    splits = {split: _part(part, manifest.splits[split].ids) for split, part in raw.splits.items()}
    return replace(raw, splits=splits)


def _superfluous(copies: Copies) -> Iterable[Place]:
    if copies.contradict:
        return copies.places
    stays_in = next(split for split in _FIRST_KEPT_IN if split in copies.splits)
    elsewhere = [place for place in copies.places if place.split != stays_in]
    return copies.places[1:] if stays_in == "train" else elsewhere


def _without(part: SplitManifest, gone: set[int]) -> SplitManifest:
    kept = [index for index in range(len(part.ids)) if index not in gone]
    return SplitManifest(
        ids=tuple(part.ids[i] for i in kept),
        labels={target: tuple(labels[i] for i in kept) for target, labels in part.labels.items()},
        digests=tuple(part.digests[i] for i in kept),
    )


def _noted(manifest: Manifest, check: DatasetCheck, places: _Places) -> DatasetCheck:
    def ids(some: Iterable[Place]) -> tuple[str, ...]:
        return tuple(manifest.splits[split].ids[index] for split, index in some)

    left = LeftOut(
        damaged=ids(places.damaged),
        duplicates=ids(places.duplicates),
        contradictions=ids(places.contradictions),
    )
    return check.model_copy(update={"left_out": left})


def _part(part: RawSplit, ids: tuple[str, ...]) -> RawSplit:
    if part.ids == ids:
        return part
    place = {name: index for index, name in enumerate(part.ids)}
    kept = [place[name] for name in ids]
    labels = {target: tuple(np.asarray(rows)[kept].tolist()) for target, rows in part.labels.items()}
    return RawSplit(ids, labels, PartSource(part.source, kept))
