"""Options of `bench reproduce` as a user writes them. Importing this module is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.studies.changes import Changes


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """Runs of a study to reproduce, and what replaces its own dataset, backbones and settings."""

    runs: Sequence[str] = ()
    dataset: str | None = None
    layout: str | None = None
    lists: Sequence[str] = ()
    backbones: Sequence[str] = ()
    targets: Sequence[str] = ()
    image_size: int | None = None
    epochs: int | None = None
    subset: str | None = None
    settings: Sequence[str] = ()
    skip_damaged: bool = False
    drop_duplicates: bool = False
    seeds: int = 1
    kept: str = "fp32"

    @property
    def changes(self) -> Changes:
        """The replacements, or nothing if the study runs as published."""
        from bench.studies.changes import Changes  # noqa: PLC0415 - importing the options stays light

        return Changes(
            dataset=self.dataset or "",
            backbones=tuple(self.backbones),
            targets=tuple(self.targets),
            image_size=self.image_size,
            epochs=self.epochs,
            subset=self.subset or "",
            settings=tuple(self.settings),
            left_out=("damaged",) * self.skip_damaged + ("duplicates",) * self.drop_duplicates,
        )
