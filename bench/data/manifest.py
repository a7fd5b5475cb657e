"""What a dataset holds, so exactly that two datasets under one name never mix."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from bench.data.raw import OfficialSplit
from bench.errors import DataError, unknown_name
from bench.spec import Spec, canonical


class SplitManifest(Spec):
    """One official split: its sample ids, its labels under each target, each sample's content as SHA-256."""

    ids: tuple[str, ...]
    labels: dict[str, tuple[int, ...]]
    digests: tuple[str, ...]


class Manifest(Spec):
    """Class names under each target (the first is the default) and every sample of every official split.

    It is made once, when a dataset is first seen, and says nothing of where the dataset lies: the same data in an
    archive and unpacked have the same fingerprint.
    """

    name: str
    reader: str
    reader_version: int
    classes: dict[str, tuple[str, ...]]
    splits: dict[OfficialSplit, SplitManifest]

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of class names, ids, labels and content digests, as 64 hexadecimal digits."""
        content = self.model_dump(mode="json", include={"classes", "splits"})
        return hashlib.sha256(canonical(content).encode()).hexdigest()

    @property
    def default_target(self) -> str:
        """The target that counts where none is named."""
        return next(iter(self.classes))

    def class_names(self, target: str) -> tuple[str, ...]:
        """Return the class names under a target; an unknown one lists the valid ones."""
        if target not in self.classes:
            raise unknown_name(f"target of the dataset {self.name}", target, self.classes, DataError)
        return self.classes[target]


@dataclass(frozen=True)
class ManifestHeader:
    """What planning needs of a manifest: read in a moment, however many samples there are.

    `classes` counts the classes under each target, `counts` the samples of each official split; `signature` is
    that of the files the manifest was made from.
    """

    name: str
    fingerprint: str
    signature: str
    classes: dict[str, int]
    counts: dict[str, int]
