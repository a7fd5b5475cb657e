"""What follows from a run's flat row: its family, its hardware, its counts."""

from __future__ import annotations

import re

from bench.records.runs import Counts
from bench.store.rows import RunRow

UNKNOWN_HARDWARE = "unknown hardware"


def family(row: RunRow) -> str:
    """Return the backbone's family, or else what its name says."""
    return row.family or named_family(row.backbone)


def named_family(backbone: str) -> str:
    """Return what a backbone's name says of its family: `resnet` of `timm/resnet18`."""
    name = backbone.rpartition("/")[2]
    found = re.match(r"(?:tf_)?([A-Za-z]+)", name)
    return found[1] if found else name


def hardware(row: RunRow) -> str:
    """Return on what a run ran; times compare only where it is equal."""
    return row.hardware or UNKNOWN_HARDWARE


def counts(row: RunRow) -> Counts:
    """Return a run's parameters and compute, as budgets read them."""
    return Counts(
        total_params=row.total_params,
        trainable_params=row.trainable_params,
        trainable_backbone_params=row.trainable_backbone_params,
        gmacs=row.gmacs,
        train_gmacs=row.train_gmacs,
        frozen_gmacs=row.frozen_gmacs or 0.0,
    )
