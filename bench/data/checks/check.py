"""The result of checking a dataset before training: stored in its manifest, not part of its fingerprint.

Only what reading the files shows is kept. What ids, labels and digests of the manifest say by themselves (class
counts, equal images, missing classes) is derived from them when it is asked for, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from bench.records.image_facts import ImageFacts, PixelCounts
from bench.spec import Spec

OfficialSplit = Literal["train", "val", "test"]
"""A split as the dataset's makers cut it (or, where they cut none, its reader)."""


@dataclass(frozen=True)
class FolderNotes:
    """The layout that was inferred for a folder, and which of its files were left out.

    `layout` names the levels (`splits/classes`, `classes`), `lists` the list files that decide splits or labels.
    `skipped` counts files that are not images the reader takes, by folder and then by suffix; `system_folders` are
    those that operating systems and file servers make; `empty_classes` are class folders without an image.
    `remarks` are sentences on what else was left out or decided (`The folder seg_pred is left out: ...`).
    """

    layout: str = ""
    lists: tuple[str, ...] = ()
    skipped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    system_folders: tuple[str, ...] = ()
    empty_classes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def as_text(self) -> str:
        """Return the notes as a few sentences."""
        skipped = sum(count for by_suffix in self.skipped.values() for count in by_suffix.values())
        told = [
            f"Read as {self.layout}." if self.layout else "",
            f"Lists: {', '.join(self.lists)}." if self.lists else "",
            *self.remarks,
            f"{skipped:,} other file{'s are' if skipped != 1 else ' is'} skipped." if skipped else "",
            f"Empty class folders: {', '.join(self.empty_classes)}." if self.empty_classes else "",
            f"System folders are not looked at: {', '.join(self.system_folders)}." if self.system_folders else "",
        ]
        return " ".join(filter(None, told))


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
