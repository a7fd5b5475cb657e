"""Makes a manifest: checks that a dataset is complete, hashes every sample and looks at every image file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bench.data.checks.check import DatasetCheck
from bench.data.checks.inspecting import inspect_split
from bench.data.manifest import Manifest, SplitManifest
from bench.data.progress import Progress
from bench.data.raw import RawDataset, RawSplit
from bench.data.readers import READERS
from bench.errors import DataError
from bench.registry.entries import DatasetEntry

_SPLITS_NEEDED = ("train", "test")
_ADVICE = "Fetch or unpack the dataset again, or correct its entry in the registry."


def survey(raw: RawDataset, entry: DatasetEntry, progress: Progress | None = None) -> Manifest:
    """Check a dataset against its entry, hash its images and look at their files.

    Damaged images are noted in the manifest's check, and no error here.

    Raises DataError for an empty split, a class without a training image, a label without a class, an id given
    twice, and where classes or images are not as many as the entry says.
    """
    _check_splits(raw, entry)
    _check_classes(raw, entry)
    splits, facts = {}, {}
    for name, part in raw.splits.items():
        digests, facts[name] = inspect_split(part, f"checking {entry.name} {name}", progress)
        splits[name] = SplitManifest(ids=part.ids, labels=dict(part.labels), digests=digests)
    return Manifest(
        name=entry.name,
        reader=entry.reader,
        reader_version=READERS[entry.reader].version,
        classes=dict(raw.classes),
        splits=splits,
        check=DatasetCheck(notes=raw.notes, splits=facts),
    )


def _check_classes(raw: RawDataset, entry: DatasetEntry) -> None:
    expected = entry.targets or {"label": entry.num_classes}
    found = {target: len(names) for target, names in raw.classes.items()}
    if found != expected:
        raise _not_as_declared(entry, "classes", found, expected)
    for target, names in raw.classes.items():
        with_images = set(raw.splits["train"].labels[target])
        if empty := [name for index, name in enumerate(names) if index not in with_images]:
            raise DataError(
                f"The dataset {entry.name} has classes without a training image.",
                f"{len(empty)} of {len(names)} {target} classes have none: {', '.join(empty[:5])}"
                f"{', ...' if len(empty) > 5 else ''}.",  # noqa: PLR2004 - as many as are shown
                "Add images to them, or take them out.",
            )


def _check_splits(raw: RawDataset, entry: DatasetEntry) -> None:
    for name in _SPLITS_NEEDED:
        if not any(part.ids for split, part in raw.splits.items() if split == name):
            raise DataError(
                f"The {name} split of the dataset {entry.name} is empty.", "It lists no image.", _ADVICE
            )
    counts = {name: len(part.ids) for name, part in raw.splits.items()}
    if entry.counts and counts != entry.counts:
        raise _not_as_declared(entry, "images", counts, entry.counts)
    for name, part in raw.splits.items():
        _check_labels(name, part, raw, entry)
    for sample, times in Counter(sample for part in raw.splits.values() for sample in part.ids).most_common(1):
        if times > 1:
            raise DataError(f"The dataset {entry.name} lists a sample twice.", f"It is {sample}.", _ADVICE)


def _check_labels(name: str, part: RawSplit, raw: RawDataset, entry: DatasetEntry) -> None:
    for target, names in raw.classes.items():
        labels = part.labels[target]
        if not len(labels) == len(part.ids) == len(part.source):
            raise DataError(
                f"The {name} split of the dataset {entry.name} does not fit together.",
                f"It has {len(part.source):,} images, {len(part.ids):,} ids and {len(labels):,} labels.",
                _ADVICE,
            )
        if labels and not 0 <= min(labels) <= max(labels) < len(names):
            raise DataError(
                f"The {name} split of the dataset {entry.name} has a label without a class.",
                f"Its {target} labels go from {min(labels)} to {max(labels)}, but there are {len(names)} classes.",
                _ADVICE,
            )


def _not_as_declared(
    entry: DatasetEntry, what: str, found: Mapping[Any, int], expected: Mapping[str, int]
) -> DataError:
    def shown(counts: Mapping[Any, int]) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in counts.items())

    return DataError(
        f"The dataset {entry.name} does not have the {what} that its entry says.",
        f"Found {shown(found)}; expected {shown(expected)}.",
        _ADVICE,
    )
