"""Records as columns, and columns as records."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from bench.errors import DivergedError
from bench.records.runs import (
    Counts,
    EpochRecord,
    Metrics,
    PlannedRun,
    Provenance,
    Rejected,
    RunResult,
    ValMetrics,
)
from bench.store.location import without_passwords

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPLITS = ("train", "val", "test", "last_val", "last_test")
_ELSEWHERE = {*_SPLITS, "feature_keys", "feature_hardware", "heads", "contradictions", "prepared_s"}
"""What a result holds that is no column of its own name; `prepared_s` is in `standalone_s`."""


def run_columns(planned: PlannedRun) -> dict[str, Any]:
    """Return what a run's row holds before it runs, without its status and times."""
    spec = planned.spec
    return {
        "run_id": spec.run_id,
        "group_id": spec.group_id,
        "spec": spec.model_dump(mode="json"),
        "dataset": spec.dataset.name,
        "target": spec.dataset.target,
        "num_classes": spec.dataset.num_classes,
        "fingerprint": spec.dataset.fingerprint,
        "val_fraction": spec.dataset.val_fraction,
        "split_seed": spec.dataset.split_seed,
        "subset": str(spec.dataset.subset or ""),
        "class_groups": spec.dataset.groups or "",
        "backbone": spec.backbone.name,
        "family": planned.family,
        "weights_source": spec.backbone.weights.source,
        "weights_tag": spec.backbone.weights.tag,
        "strategy": spec.strategy,
        "recipe_name": planned.recipe_name,
        "seed": spec.seed,
        "image_size": spec.transform.image_size,
        "precision": spec.precision,
        "backend": spec.backend,
        "protocol": spec.protocol,
        "forecast_s": planned.forecast_s,
        "download_bytes": planned.download_bytes,
        **dataclasses.asdict(planned.counts),
    }


def result_columns(result: RunResult) -> dict[str, Any]:
    """Return the columns that a finished run fills: each split's metrics by name, `val_top1` and so on."""
    plain = {
        field.name: getattr(result, field.name)
        for field in dataclasses.fields(result)
        if field.name not in _ELSEWHERE
    }
    metrics: dict[str, Any] = {}
    for split in _SPLITS:
        metrics |= _metrics(split, getattr(result, split))
    del metrics["last_val_n"], metrics["last_test_n"]  # the same images as val_n and test_n
    return {**plain, **metrics, "standalone_s": result.standalone_s}


def refuse_not_finite(run_id: str, result: RunResult) -> None:
    """Raise DivergedError if what would rank a run is not a finite number."""
    ranking = (result.val.top1, result.val.loss, result.test.top1, result.test.loss)
    if not all(math.isfinite(number) for number in ranking):
        raise DivergedError(
            f"Run {run_id[:12]} diverged.",
            "Its accuracy or loss on val or test is not a finite number.",
            "Train it with a lower learning rate or with clip_grad_norm.",
        )


def epoch_columns(record: EpochRecord) -> dict[str, Any]:
    """Return the columns of one epoch, without the run and the attempt."""
    plain = {f.name: getattr(record, f.name) for f in dataclasses.fields(record) if f.name != "val"}
    return {**plain, **_metrics("val", record.val)}


def epoch_record(row: Mapping[str, Any]) -> EpochRecord:
    """Return the epoch that `epoch_columns` made; a number that was not finite is NaN again."""
    metrics: dict[str, Any] = {f.name: _number(row[f"val_{f.name}"]) for f in dataclasses.fields(Metrics)}
    plain = {f.name: row[f.name] for f in dataclasses.fields(EpochRecord) if f.name != "val"}
    plain |= {name: _number(plain[name]) for name in ("train_loss", "train_top1")}
    return EpochRecord(**plain, val=ValMetrics(**metrics))


def rejected_columns(rejected: Rejected) -> dict[str, Any]:
    """Return the columns of a rejection; its counts are None where it has none."""
    names = [field.name for field in dataclasses.fields(Counts)]
    counts = dataclasses.asdict(rejected.counts) if rejected.counts else dict.fromkeys(names)
    return {"backbone": rejected.backbone, "strategy": rejected.strategy, "reason": rejected.reason, **counts}


def rejected_record(row: Mapping[str, Any]) -> Rejected:
    """Return the rejection that `rejected_columns` made."""
    counts = None
    if row["total_params"] is not None:
        known = {name: value for name, value in row.items() if value is not None}  # a later count may not be there
        counts = Counts(**{f.name: known[f.name] for f in dataclasses.fields(Counts) if f.name in known})
    return Rejected(row["backbone"], row["strategy"], row["reason"], counts)


def provenance_columns(provenance: Provenance) -> dict[str, Any]:
    """Return the columns of an attempt that say where and how it runs."""
    data = {**dataclasses.asdict(provenance), "command": without_passwords(provenance.command)}
    return {"hardware": provenance.hardware, "provenance": data}


def _metrics(split: str, metrics: Metrics) -> dict[str, Any]:
    return {f"{split}_{name}": value for name, value in dataclasses.asdict(metrics).items()}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
