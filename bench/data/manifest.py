"""What a dataset holds, so exactly that two datasets under one name never mix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bench.data.checks.check import DatasetCheck, OfficialSplit
from bench.errors import DataError, unknown_name
from bench.records.image_facts import UNSEEN, PixelCounts
from bench.spec import Spec, canonical


class SplitManifest(Spec):
    """One official split: its sample ids, its labels under each target, each sample's content as SHA-256."""

    ids: tuple[str, ...]
    labels: dict[str, tuple[int, ...]]
    digests: tuple[str, ...]


class Grouping(Spec):
    """A target made of the classes of another, `of`: its class names, and for each of those classes its place."""

    of: str
    names: tuple[str, ...]
    places: tuple[int, ...]


class Manifest(Spec):
    """Class names under each target (the first is the default) and every sample of every official split.

    It is made once, when a dataset is first seen, and says nothing of where the dataset lies: the same data in an
    archive and unpacked have the same fingerprint. `check` is what the image files showed: kept, but not part of
    the fingerprint, and None if the manifest is from before there was one. `groups` are targets that a user made
    of its classes: they are added when it is read, and neither kept nor part of the fingerprint.
    """

    name: str
    reader: str
    reader_version: int
    classes: dict[str, tuple[str, ...]]
    splits: dict[OfficialSplit, SplitManifest]
    groups: dict[str, Grouping] = Field(default={}, exclude=True)
    check: DatasetCheck | None = None

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of class names, ids, labels and content digests, as 64 hexadecimal digits."""
        content = self.model_dump(mode="json", include={"classes", "splits"})
        return hashlib.sha256(canonical(content).encode()).hexdigest()

    @property
    def pixels(self) -> PixelCounts:
        """The pixel counts that decide how images are decoded; all zero if the files were not inspected."""
        return self.check.pixels if self.check else UNSEEN

    @property
    def default_target(self) -> str:
        """The target that counts where none is named."""
        return next(iter(self.classes))

    def class_names(self, target: str) -> tuple[str, ...]:
        """Return the class names under a target; an unknown one lists the valid ones."""
        if target in self.groups:
            return self.groups[target].names
        if target not in self.classes:
            known = [*self.classes, *self.groups]
            raise unknown_name(f"target of the dataset {self.name}", target, known, DataError)
        return self.classes[target]

    def labels(self, split: OfficialSplit, target: str) -> NDArray[np.int64]:
        """Return the labels of an official split under a target, (N,); raises DataError as `class_names` does."""
        self.class_names(target)
        part = self.splits[split].labels
        if target not in self.groups:
            return np.asarray(part[target], dtype=np.int64)
        grouping = self.groups[target]
        return np.asarray(grouping.places, dtype=np.int64)[np.asarray(part[grouping.of], dtype=np.int64)]

    def count_classes(self, targets: Sequence[str]) -> tuple[int, ...]:
        """Return how many classes each target has."""
        return tuple(len(self.class_names(target)) for target in targets)


@dataclass(frozen=True)
class ManifestHeader:
    """What planning needs of a manifest: read in a moment, however many samples there are.

    `classes` counts the classes under each target, `counts` the samples of each official split; `signature` is
    that of the files the manifest was made from. `pixels` says what decides how images become pixels (EXIF
    orientation, transparency, depth); it counts none of an array's rows, nor anything of a dataset that
    was not `checked`.
    """

    name: str
    fingerprint: str
    signature: str
    classes: dict[str, int]
    counts: dict[str, int]
    pixels: PixelCounts = field(default_factory=PixelCounts)
    checked: bool = True

    @classmethod
    def of(cls, manifest: Manifest, signature: str) -> ManifestHeader:
        """Sum up a manifest that was made from files with this signature."""
        return cls(
            name=manifest.name,
            fingerprint=manifest.fingerprint,
            signature=signature,
            classes={target: len(names) for target, names in manifest.classes.items()},
            counts={split: len(part.ids) for split, part in manifest.splits.items()},
            pixels=manifest.pixels,
            checked=manifest.check is not None,
        )

    @classmethod
    def from_json(cls, text: str) -> ManifestHeader:
        """Read a header as it was kept; one from before there was a check has no counts of pixels.

        Raises ValueError or TypeError for what is no header.
        """
        data = json.loads(text)
        seen = {
            "pixels": PixelCounts(**data.get("pixels", {})),
            "checked": "pixels" in data and data.get("checked", True),
        }
        return cls(**{**data, **seen})
