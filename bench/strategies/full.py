"""Train everything, from the pretrained weights."""

from __future__ import annotations

from dataclasses import dataclass

from bench.classifier import Classifier
from bench.strategies.base import also_train


@dataclass(frozen=True)
class Full:
    """No argument."""


def apply(model: Classifier, _config: Full) -> Classifier:
    """Unfreeze everything."""
    return also_train(model, model.anatomy.parameters)
