"""Train the neck: what stands between the last block and the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.strategies.base import also_train

if TYPE_CHECKING:  # torch stays out of planning
    from bench.models.classifier import Classifier


@dataclass(frozen=True)
class Neck:
    """No argument."""


def apply(model: Classifier, _config: Neck) -> Classifier:
    """Unfreeze the neck; a backbone without one has nothing to unfreeze."""
    return also_train(model, model.anatomy.neck)
