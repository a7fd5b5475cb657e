"""Where a run's frozen part ends and its trained part begins.

What stands before the frontier never changes during the run, so it is computed once and kept. Two frontiers exist:
`pooled`, the backbone's output, where the head alone trains; and `images`, where there is nothing to keep.
"""

from __future__ import annotations

from typing import Literal

from torch import nn

from bench.classifier import Classifier
from bench.spec import RunSpec

Frontier = Literal["pooled", "images"]


def find_frontier(spec: RunSpec, model: Classifier) -> Frontier:
    """Say which frontier a run has: `pooled` if nothing before the head trains, moves or is random."""
    moving = bool(model.trainable_backbone) or spec.recipe.norm_stats == "update"
    return "images" if moving or spec.recipe.augment else "pooled"


def trained_part(model: Classifier, frontier: Frontier) -> nn.Module:
    """Return what has to be computed at every step."""
    return model.head if frontier == "pooled" else model
