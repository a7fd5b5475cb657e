"""Options of `bench tune` as a user writes them. Importing this module is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """Search space, sampler, objective and number of trials."""

    space: Sequence[str] = ()
    trials: int = 20
    sampler: str = "tpe"
    metric: str = "val_top1"
    seed: int = 0
    name: str | None = None
    prune: bool = False
    together: int = 1
