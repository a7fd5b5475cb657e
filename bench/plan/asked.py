"""Options of `bench plan` and `bench sweep` as a user writes them. Importing this module is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.registry.entries import DatasetEntry


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of a plan as a user writes them; names, texts and files are looked up by `plan_for`.

    `recipes` and `overrides` are those of `--recipe` and `--set`, `everything` is `--all`, `kept` is
    `--cache-dtype`, and `lists` those of `--list`. The names are part of stored sweeps.
    """

    budget: str | None = None
    backbones: Sequence[str] = ()
    strategies: Sequence[str] = ()
    target: str | None = None
    groups: Sequence[str] = ()
    layout: str | None = None
    lists: Sequence[str] = ()
    subset: str | None = None
    recipes: Sequence[str] = ()
    overrides: Sequence[str] = ()
    epochs: int | None = None
    image_size: int | None = None
    seeds: int = 1
    everything: bool = False
    kept: str = "fp32"
    skip_damaged: bool = False
    drop_duplicates: bool = False

    def without_faults(self, entry: DatasetEntry) -> DatasetEntry:
        """Return the entry of a dataset without the images that are asked to be left out."""
        return entry.leaving_out(damaged=self.skip_damaged, duplicates=self.drop_duplicates)
