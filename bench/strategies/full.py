"""Train everything, from the pretrained weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.strategies.base import also_train

if TYPE_CHECKING:  # torch stays out of planning
    from bench.models.classifier import Classifier


@dataclass(frozen=True)
class Full:
    """No argument."""


def apply(model: Classifier, _config: Full) -> Classifier:
    """Unfreeze everything."""
    return also_train(model, model.anatomy.parameters)
