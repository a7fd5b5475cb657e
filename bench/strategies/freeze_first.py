"""Freeze the stem and the first k blocks; everything after them trains, the neck too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.strategies.base import also_train, at_most

if TYPE_CHECKING:  # torch stays out of planning
    from bench.models.classifier import Classifier


@dataclass(frozen=True)
class FreezeFirst:
    """`k` blocks, counted from the start."""

    k: int = 1

    def __post_init__(self) -> None:
        at_most("freeze_first", self.k)


def apply(model: Classifier, config: FreezeFirst) -> Classifier:
    """Unfreeze all blocks after the k-th, and the neck."""
    anatomy = model.anatomy
    at_most("freeze_first", config.k, len(anatomy.blocks))
    return also_train(model, anatomy.neck.union(*anatomy.blocks[config.k :]))
