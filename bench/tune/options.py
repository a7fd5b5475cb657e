"""What a search is asked for, before anything is looked up. Light to import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What is searched, by what, and for how long, as a user writes it."""

    space: Sequence[str] = ()
    trials: int = 20
    sampler: str = "tpe"
    metric: str = "val_top1"
    seed: int = 0
    name: str | None = None
    prune: bool = False
    together: int = 1
