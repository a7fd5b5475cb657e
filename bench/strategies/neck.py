"""Train the neck: what stands between the last block and the head."""

from __future__ import annotations

from dataclasses import dataclass

from bench.classifier import Classifier
from bench.strategies.base import also_train


@dataclass(frozen=True)
class Neck:
    """No argument."""


def apply(model: Classifier, _config: Neck) -> Classifier:
    """Unfreeze the neck; a backbone without one has nothing to unfreeze."""
    return also_train(model, model.anatomy.neck)
