"""What the report reads of a run: the store's flat row, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bench.records.runs import Counts
from bench.store.rows import RunRow

UNKNOWN_HARDWARE = "unknown hardware"


def field(row: RunRow, key: str) -> Any:
    """Return a run's value for a column of `columns`, stored or derived; None where there is none."""
    derive = _DERIVED.get(key)
    return derive(row) if derive else getattr(row, key)


def architecture(row: RunRow) -> str:
    """Return the backbone's name without its library."""
    return row.backbone.rpartition("/")[2]


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


def _short_id(row: RunRow) -> str:
    return row.run_id[:8]


def _weights(row: RunRow) -> str:
    return row.weights_tag or row.weights_source


def _latency_batched_s(row: RunRow) -> float | None:
    if row.latency_batch_s is None or not row.latency_batch_size:
        return None
    return row.latency_batch_s / row.latency_batch_size


_DERIVED: dict[str, Callable[[RunRow], Any]] = {
    "run": _short_id,
    "architecture": architecture,
    "family": family,
    "hardware": hardware,
    "weights": _weights,
    "latency_batched_s": _latency_batched_s,
}


_MADE_OF = {
    "run": ("run_id",),
    "architecture": ("backbone",),
    "family": ("family", "backbone"),
    "weights": ("weights_tag", "weights_source"),
    "latency_batched_s": ("latency_batch_s", "latency_batch_size"),
}


def stored(key: str) -> tuple[str, ...]:
    """Return the stored columns that `field` reads for a column; none for what is not of a run."""
    return tuple(name for name in _MADE_OF.get(key, (key,)) if name in RunRow._fields)
