"""Train the scales and shifts of all normalization layers (Frankle et al. 2021, arXiv:2003.00152)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.strategies.base import also_train

if TYPE_CHECKING:  # torch stays out of planning
    from bench.models.classifier import Classifier


@dataclass(frozen=True)
class Norm:
    """No argument."""


def apply(model: Classifier, _config: Norm) -> Classifier:
    """Unfreeze every normalization layer."""
    return also_train(model, model.anatomy.norms)
