"""The tables, as SQLAlchemy 2 typed models; `migrations/` makes and changes them, and a test compares the two.

Times are seconds since 1970 UTC as floats, durations are seconds, sizes are bytes, accuracies are fractions.
A number that is not finite is stored as NULL. Rows are added and their status moves on; no row is deleted, and
no result is overwritten.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bench.store.schema_derived import Base as Base  # noqa: PLC0414 - whoever has the base has every table

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every revision of the schema, oldest first; the last is the one this version of bench reads and writes."""


def _to_run(*, primary_key: bool = False) -> Mapped[str]:
    return mapped_column(sa.String(64), sa.ForeignKey("runs.run_id"), primary_key=primary_key)


def _row_number() -> Mapped[int]:
    return mapped_column(sa.Integer, primary_key=True)


class Run(Base):
    """One spec: what identifies it, what it is expected to cost and, once it is done, what it measured."""

    __tablename__ = "runs"
    __table_args__ = (sa.Index(None, "dataset", "status"), sa.Index(None, "group_id"))

    run_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    group_id: Mapped[str] = mapped_column(sa.String(64))
    spec: Mapped[dict[str, Any]]

    dataset: Mapped[str]
    target: Mapped[str]
    num_classes: Mapped[int]
    fingerprint: Mapped[str | None]
    val_fraction: Mapped[float]
    split_seed: Mapped[int]
    backbone: Mapped[str]
    family: Mapped[str]
    weights_source: Mapped[str]
    weights_tag: Mapped[str]
    strategy: Mapped[str]
    recipe_name: Mapped[str]
    seed: Mapped[int]
    image_size: Mapped[int]
    precision: Mapped[str]
    backend: Mapped[str]
    protocol: Mapped[int]

    total_params: Mapped[int]
    trainable_params: Mapped[int]
    trainable_backbone_params: Mapped[int]
    gmacs: Mapped[float]
    train_gmacs: Mapped[float]
    forecast_s: Mapped[float]
    download_bytes: Mapped[int]

    status: Mapped[str] = mapped_column(sa.String(16))
    status_at: Mapped[float]
    created_at: Mapped[float]

    hardware: Mapped[str | None]
    best_epoch: Mapped[int | None]
    epochs: Mapped[int | None]
    optimizer_steps: Mapped[int | None]
    train_top1: Mapped[float | None]
    train_top5: Mapped[float | None]
    train_loss: Mapped[float | None]
    train_macro_f1: Mapped[float | None]
    train_n: Mapped[int | None]
    val_top1: Mapped[float | None]
    val_top5: Mapped[float | None]
    val_loss: Mapped[float | None]
    val_macro_f1: Mapped[float | None]
    val_n: Mapped[int | None]
    test_top1: Mapped[float | None]
    test_top5: Mapped[float | None]
    test_loss: Mapped[float | None]
    test_macro_f1: Mapped[float | None]
    test_n: Mapped[int | None]
    last_val_top1: Mapped[float | None]
    last_val_top5: Mapped[float | None]
    last_val_loss: Mapped[float | None]
    last_val_macro_f1: Mapped[float | None]
    last_test_top1: Mapped[float | None]
    last_test_top5: Mapped[float | None]
    last_test_loss: Mapped[float | None]
    last_test_macro_f1: Mapped[float | None]
    best_on_test_top1: Mapped[float | None]
    train_s: Mapped[float | None]
    eval_s: Mapped[float | None]
    feature_s: Mapped[float | None]
    standalone_s: Mapped[float | None]
    images_per_s: Mapped[float | None]
    peak_memory_bytes: Mapped[int | None]
    latency_1_s: Mapped[float | None]
    latency_batch_s: Mapped[float | None]
    latency_batch_size: Mapped[int | None]
    stored_bytes: Mapped[int | None]
    weights_digest: Mapped[str | None]

    frozen_gmacs: Mapped[float | None]
    frontier: Mapped[str | None]
    cached_bytes: Mapped[int | None]
    pruned_at_epoch: Mapped[int | None]
    rung: Mapped[int | None]
    subset: Mapped[str]
    class_groups: Mapped[str]

    train_balanced_accuracy: Mapped[float | None]
    val_balanced_accuracy: Mapped[float | None]
    test_balanced_accuracy: Mapped[float | None]
    last_val_balanced_accuracy: Mapped[float | None]
    last_test_balanced_accuracy: Mapped[float | None]
    majority_share: Mapped[float | None]
    val_majority_top1: Mapped[float | None]
    test_majority_top1: Mapped[float | None]
    cpu_s: Mapped[float | None]
    load: Mapped[float | None]
    slowdown: Mapped[float | None]
    disturbed: Mapped[bool | None]
    micro_batch_size: Mapped[int | None]
    pass_peak_memory_bytes: Mapped[int | None]
    tf32: Mapped[bool | None]


class Attempt(Base):
    """One try at a run, and while it is running the lease of the process that runs it."""

    __tablename__ = "attempts"
    __table_args__ = (
        sa.UniqueConstraint("run_id", "number"),
        sa.Index(
            "ix_attempts_one_running",
            "run_id",
            unique=True,
            sqlite_where=sa.text("status = 'running'"),
            postgresql_where=sa.text("status = 'running'"),
        ),
    )

    id: Mapped[int] = _row_number()
    run_id: Mapped[str] = _to_run()
    number: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(16))
    worker_id: Mapped[str] = mapped_column(sa.String(32))
    host: Mapped[str]
    pid: Mapped[int]
    process_started_at: Mapped[float]
    lease_expires_at: Mapped[float]
    started_at: Mapped[float]
    finished_at: Mapped[float | None]
    error_type: Mapped[str | None]
    error_what: Mapped[str | None]
    error_why: Mapped[str | None]
    error_todo: Mapped[str | None]
    error_trace: Mapped[str | None]
    hardware: Mapped[str]
    provenance: Mapped[dict[str, Any]]
    lease_expires_uptime: Mapped[float | None]


class Epoch(Base):
    """One epoch as one attempt measured it; a repeat that measures the same is not stored twice."""

    __tablename__ = "epochs"

    run_id: Mapped[str] = _to_run(primary_key=True)
    epoch: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    attempt_id: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("attempts.id"), primary_key=True)
    recorded_at: Mapped[float]
    steps: Mapped[int]
    lr: Mapped[float]
    train_loss: Mapped[float | None]
    train_top1: Mapped[float | None]
    val_top1: Mapped[float | None]
    val_top5: Mapped[float | None]
    val_loss: Mapped[float | None]
    val_macro_f1: Mapped[float | None]
    val_n: Mapped[int]
    train_s: Mapped[float]
    eval_s: Mapped[float]
    test_top1: Mapped[float | None]
    val_balanced_accuracy: Mapped[float | None]
    train_top5: Mapped[float | None]
    test_top5: Mapped[float | None]
    test_loss: Mapped[float | None]


class FeaturePassRow(Base):
    """What a pass of a frozen backbone over a dataset kept at one frontier, on one hardware: the first one's cost.

    Rows of one `pass_key` were filled by one pass, and each holds the seconds of the whole of it.
    """

    __tablename__ = "feature_passes"
    __table_args__ = (sa.UniqueConstraint("key", "hardware"),)

    id: Mapped[int] = _row_number()
    key: Mapped[str]
    hardware: Mapped[str]
    backbone: Mapped[str]
    dataset: Mapped[str]
    images: Mapped[int]
    bytes: Mapped[int]
    seconds: Mapped[float]
    created_at: Mapped[float]
    pass_key: Mapped[str]
    cpu_s: Mapped[float | None]
    load: Mapped[float | None]
    slowdown: Mapped[float | None]
    disturbed: Mapped[bool | None]
    peak_memory_bytes: Mapped[int | None]


class RunFeature(Base):
    """Which feature passes a run read; `pass_id` is NULL where this database has not seen the pass."""

    __tablename__ = "run_features"

    run_id: Mapped[str] = _to_run(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    pass_id: Mapped[int | None] = mapped_column(sa.Integer, sa.ForeignKey("feature_passes.id"))


class Sweep(Base):
    """One `bench sweep`: what was asked; `digest` is of everything in it, so asking again adds no row."""

    __tablename__ = "sweeps"

    id: Mapped[int] = _row_number()
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    command: Mapped[str]
    dataset: Mapped[str]
    budget: Mapped[str]
    request: Mapped[dict[str, Any]]
    created_at: Mapped[float]


class SweepRun(Base):
    """Which runs a sweep planned, in its order."""

    __tablename__ = "sweep_runs"

    sweep_id: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("sweeps.id"), primary_key=True)
    run_id: Mapped[str] = _to_run(primary_key=True)
    position: Mapped[int]


class SweepRejected(Base):
    """What a sweep left out, and why; the counts are NULL where it could not be counted."""

    __tablename__ = "sweep_rejected"

    sweep_id: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("sweeps.id"), primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    backbone: Mapped[str]
    strategy: Mapped[str]
    reason: Mapped[str]
    total_params: Mapped[int | None]
    trainable_params: Mapped[int | None]
    trainable_backbone_params: Mapped[int | None]
    gmacs: Mapped[float | None]
    train_gmacs: Mapped[float | None]
    frozen_gmacs: Mapped[float | None]


class TimingRow(Base):
    """One case of one `bench timing`: seconds of each repetition, and of the reference workload just before it."""

    __tablename__ = "timings"
    __table_args__ = (
        sa.UniqueConstraint(
            "name", "backbone", "strategy", "kind", "image_size", "batch_size", "precision", name="uq_timings_case"
        ),
    )

    id: Mapped[int] = _row_number()
    name: Mapped[str]
    created_at: Mapped[float]
    hardware: Mapped[str]
    threads: Mapped[int]
    provenance: Mapped[dict[str, Any]]
    backbone: Mapped[str]
    strategy: Mapped[str]
    kind: Mapped[str] = mapped_column(sa.String(16))
    image_size: Mapped[int]
    batch_size: Mapped[int]
    precision: Mapped[str] = mapped_column(sa.String(16))
    samples: Mapped[list[float]]
    reference_samples: Mapped[list[float]]
