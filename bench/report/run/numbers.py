"""The numbers of one run, written for people: its counts, its results on each split, its epochs, what it cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bench.metrics.ranks import TOP
from bench.records.runs import EpochRecord
from bench.report.board.columns import COLUMNS
from bench.report.board.layout import DISTURBED
from bench.store.rows import RunRow
from bench.units import DASH, show

COUNTS = ("total_params", "trainable_params", "trainable_backbone_params", "gmacs", "train_gmacs")
MEASURED = ("epochs", "optimizer_steps", "standalone_s", "cpu_s", "train_s", "images_per_s", "peak_memory_bytes")
SERVED = ("latency_1_s", "latency_batched_s", "stored_bytes")
SPLITS = ("train", "val", "test")
RESULTS = ("split", "top-1 %", "top-5 %", "macro-F1 %", "balanced %", "loss", "images")


def named(row: RunRow, keys: Iterable[str]) -> list[tuple[str, str]]:
    """Return the label and the text of each of these columns of a run."""
    return [(COLUMNS[key].label, measured(row, key)) for key in keys]


def result_rows(row: RunRow) -> Iterable[tuple[str, ...]]:
    """Write what a run measured on each split, in the order of `RESULTS`."""
    for split in SPLITS:
        shares = (getattr(row, f"{split}_{name}") for name in ("top1", "top5", "macro_f1", "balanced_accuracy"))
        loss, images = getattr(row, f"{split}_loss"), getattr(row, f"{split}_n")
        written = f"{loss:.4f}" if loss is not None and math.isfinite(loss) else DASH
        yield (split, *(show(share, "fraction") for share in shares), written, show(images, "count"))


def cost_pairs(row: RunRow) -> list[tuple[str, str]]:
    """Name and write what a run cost and what it costs to serve."""
    costs = [(COLUMNS[key].name, measured(row, key)) for key in (*MEASURED, *SERVED)]
    if under := conditions_text(row):
        costs.append(("times measured with", under))
    return [*costs, ("frozen part ends at", frontier(row))] if row.frontier else costs


def frontier(row: RunRow) -> str:
    """Return where the frozen part ends, and how much is cached of each image there."""
    kept = f", {show(row.cached_bytes, 'bytes')} of each image kept" if row.cached_bytes else ""
    return f"{row.frontier}{kept}"


def measured(row: RunRow, key: str) -> str:
    """Write what a run has in a column, a time that was disturbed with its mark."""
    column = COLUMNS[key]
    text = show(column.of(row), column.unit)
    return f"{DISTURBED}{text}" if column.is_disturbed(row) and text != DASH else text


def conditions_text(row: RunRow) -> str:
    """Write what a run's times were measured under; empty if that is not known."""
    parts = []
    if row.load is not None:
        parts.append(f"{row.load:.2f} cores busy with other work")
    if row.slowdown is not None:
        parts.append(f"computing {row.slowdown:.2f} times slower than at best")
    if not parts:
        return ""
    return ", ".join(parts) + (": disturbed" if row.disturbed else "")


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
