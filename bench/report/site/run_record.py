"""What the pages of a site draw of one run, as plain data: its own page, and those that compare it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench.records.runs import EpochRecord
from bench.report.board.columns import COLUMNS, Column
from bench.report.board.rows import hardware
from bench.report.look.look import Head, Look
from bench.report.look.page import Section, charts, heads_data
from bench.report.run.spec_groups import spec_entries
from bench.report.site.material import run_page
from bench.report.site.run_names import run_label, run_result

COMPARED = (
    "val_top1",
    "val_top5",
    "val_macro_f1",
    "val_balanced_accuracy",
    "test_top1",
    "test_top5",
    "test_macro_f1",
    "test_balanced_accuracy",
    "total_params",
    "trainable_params",
    "trainable_backbone_params",
    "gmacs",
    "train_gmacs",
    "epochs",
    "optimizer_steps",
    "standalone_s",
    "latency_1_s",
    "latency_batched_s",
    "peak_memory_bytes",
    "stored_bytes",
)
"""The columns that are laid side by side."""

_CURVES = ("top1", "top5", "loss")


def run_record(look: Look, cards: Sequence[Section], said: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a run's data; `said` is what each head says, image by image (`image_sets.said_record`)."""
    row = look.row
    heads = zip(look.heads, heads_data(look), said, strict=True)
    return {
        "id": row.run_id[:16],
        "page": run_page(row.run_id),
        **run_label(row),
        "status": row.status,
        "result": run_result(row),
        "hardware": hardware(row),
        "disturbed": bool(row.disturbed),
        "values": {key: _finite(COLUMNS[key].of(row)) for key in COMPARED},
        "spec": [[entry.key, entry.text] for entry in spec_entries(look.details.stored.spec_data)],
        "epochs": _epochs(look.details.epochs),
        "charts": charts(cards),
        "heads": [{**data, **measured(head), **told} for head, data, told in heads],
    }


def measured(head: Head) -> dict[str, float | None]:
    """Return what is compared of a head beside its accuracy."""
    made = head.diagnosis
    return {
        "ece": _finite(made.calibration.ece),
        "confidence_right": _finite(made.right.mean),
        "confidence_wrong": _finite(made.wrong.mean),
    }


def compared_columns() -> list[dict[str, Any]]:
    """Describe `COMPARED` for a page: label, unit, which way is better, what compares on equal hardware only."""
    return [_described(COLUMNS[key]) for key in COMPARED]


def _described(column: Column) -> dict[str, Any]:
    label = column.label if column.unit == "fraction" else column.name
    flags = {"test": column.test, "hardware": column.hardware, "timed": column.timed}
    return {"key": column.key, "label": label, "unit": column.unit, "better": column.better, **flags}


def _epochs(epochs: Sequence[EpochRecord]) -> dict[str, list[float | None]]:
    own = [f"{split}_{metric}" for split in ("train", "test") for metric in _CURVES]
    return {
        "epoch": [epoch.epoch for epoch in epochs],
        **{f"val_{name}": [_finite(getattr(epoch.val, name)) for epoch in epochs] for name in _CURVES},
        **{name: [_finite(getattr(epoch, name)) for epoch in epochs] for name in own},
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
