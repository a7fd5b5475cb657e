"""Samples with the same content, by the SHA-256 that the manifest has of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from bench.data.checks.check import OfficialSplit
from bench.data.manifest import Manifest


class Place(NamedTuple):
    """The position of a sample: its official split, and its index in that split."""

    split: OfficialSplit
    at: int


@dataclass(frozen=True)
class Copies:
    """Two or more samples with the same content, in the manifest's order; `ids` and `labels` are theirs.

    A sample's labels are those under each target: copies contradict each other if they differ under any.
    """

    places: tuple[Place, ...]
    ids: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]

    @property
    def splits(self) -> frozenset[OfficialSplit]:
        """The splits that have a copy."""
        return frozenset(place.split for place in self.places)

    @property
    def contradict(self) -> bool:
        """Whether one content has two labels."""
        return len(set(self.labels)) > 1


def find_copies(manifest: Manifest, without: Collection[str] = ()) -> list[Copies]:
    """Group the samples of equal content, by the first of each; `without` are ids that do not count.

    Damaged files are left out by callers: empty files are all equal, and say nothing.
    """
    by_content: dict[str, list[Place]] = defaultdict(list)
    for split, part in manifest.splits.items():
        for index, digest in enumerate(part.digests):
            by_content[digest].append(Place(split, index))
    skipped = frozenset(without)
    copies = []
    for places in by_content.values():
        if len(places) > 1:
            ids = [manifest.splits[split].ids[at] for split, at in places]
            kept = [(place, name) for place, name in zip(places, ids, strict=True) if name not in skipped]
            if len(kept) > 1:
                copies.append(_copies(manifest, kept))
    return copies


def _copies(manifest: Manifest, kept: list[tuple[Place, str]]) -> Copies:
    labels = [
        tuple(manifest.splits[split].labels[target][at] for target in manifest.classes) for (split, at), _ in kept
    ]
    return Copies(tuple(place for place, _ in kept), tuple(name for _, name in kept), tuple(labels))
