"""The result of checking a dataset before training: stored in its manifest, not part of its fingerprint.

Only what reading the files shows is kept. What ids, labels and digests of the manifest say by themselves (class
counts, equal images, missing classes) is derived from them when it is asked for, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from bench.data.images.image_facts import ImageFacts, PixelCounts
from bench.data.raw import FolderNotes, OfficialSplit
from bench.spec import Spec

CHECK_VERSION = 1
"""Raised when the check learns something new; a manifest with an older check is checked again."""


class SplitFacts(Spec):
    """The image files of one split: why an unusable one is, by id, and what the usable ones are.

    Both are empty if the images are rows of an array.
    """

    damaged: dict[str, str] = Field(default={})
    pixels: PixelCounts = PixelCounts()

    @classmethod
    def of(cls, ids: Iterable[str], facts: Iterable[ImageFacts]) -> SplitFacts:
        """Sum up the facts of a split's images."""
        found = list(zip(ids, facts, strict=True))
        damaged = {name: one.unusable for name, one in found if one.unusable is not None}
        return cls(damaged=damaged, pixels=PixelCounts.of(one for _, one in found))


class LeftOut(Spec):
    """The ids of samples that a user had left out, by the reason."""

    damaged: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.damaged) + len(self.duplicates) + len(self.contradictions)


class DatasetCheck(Spec):
    """One look at every file of a dataset; `notes` are the reader's, of how it understood a folder."""

    version: int = CHECK_VERSION
    notes: FolderNotes = FolderNotes()
    splits: dict[OfficialSplit, SplitFacts] = Field(default={})
    left_out: LeftOut = LeftOut()

    @property
    def damaged(self) -> dict[str, str]:
        """Why each unusable image cannot be decoded, by id, over all splits."""
        return {name: why for facts in self.splits.values() for name, why in facts.damaged.items()}

    @property
    def pixels(self) -> PixelCounts:
        """The pixel counts of all splits together, which the planner reads."""
        return sum((facts.pixels for facts in self.splits.values()), PixelCounts())

    @property
    def is_current(self) -> bool:
        """Whether this version of the check made it."""
        return self.version == CHECK_VERSION
