"""A run's epochs as a table: what each split measured, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from bench.metrics.ranks import TOP
from bench.records.runs import EpochRecord
from bench.units import DASH, show


class EpochTable(NamedTuple):
    """Headings, and for each epoch its cells; columns that no epoch has a value in are left out."""

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]


def epoch_table(epochs: Sequence[EpochRecord], classes: int) -> EpochTable:
    """Write the loss and the accuracies of train, val and test; no top-5 of five `classes` or fewer."""
    metrics = {"loss": "loss", "top1": "top-1 %", "top5": "top-5 %"}
    if classes <= TOP:
        del metrics["top5"]
    columns = {
        f"{split} {heading}": [_written(epoch, split, metric) for epoch in epochs]
        for split in ("train", "val", "test")
        for metric, heading in metrics.items()
    }
    kept = {heading: cells for heading, cells in columns.items() if any(cell != DASH for cell in cells)}
    return EpochTable(tuple(kept), list(zip(*kept.values(), strict=True)))


def _written(epoch: EpochRecord, split: str, metric: str) -> str:
    value = getattr(epoch.val, metric) if split == "val" else getattr(epoch, f"{split}_{metric}")
    if metric != "loss":
        return show(value, "fraction")
    return DASH if value is None or not math.isfinite(value) else f"{value:.4f}"
