"""Train all biases, norm shifts among them (Ben Zaken et al. 2022, arXiv:2106.10199)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.strategies.base import also_train

if TYPE_CHECKING:  # torch stays out of planning
    from bench.models.classifier import Classifier


@dataclass(frozen=True)
class BitFit:
    """No argument."""


def apply(model: Classifier, _config: BitFit) -> Classifier:
    """Unfreeze every bias."""
    return also_train(model, model.anatomy.biases)
