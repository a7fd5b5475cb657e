"""Train the scales and shifts of all normalization layers (Frankle et al. 2021, arXiv:2003.00152)."""

from __future__ import annotations

from dataclasses import dataclass

from bench.classifier import Classifier
from bench.strategies.base import also_train


@dataclass(frozen=True)
class Norm:
    """No argument."""


def apply(model: Classifier, _config: Norm) -> Classifier:
    """Unfreeze every normalization layer."""
    return also_train(model, model.anatomy.norms)
