"""Train the last k blocks; the neck after them stays frozen unless named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.strategies.base import also_train, at_most

if TYPE_CHECKING:  # torch stays out of planning
    from bench.models.classifier import Classifier


@dataclass(frozen=True)
class LastBlocks:
    """`k` blocks, counted from the end."""

    k: int = 1

    def __post_init__(self) -> None:
        at_most("last_blocks", self.k)


def apply(model: Classifier, config: LastBlocks) -> Classifier:
    """Unfreeze the last k blocks."""
    at_most("last_blocks", config.k, len(model.anatomy.blocks))
    return also_train(model, frozenset().union(*model.anatomy.blocks[-config.k :]))
