"""Make the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SPLITS = ("train", "val", "test")
METRICS = ("top1", "top5", "loss", "macro_f1")
COUNTS = ("total_params", "trainable_params", "trainable_backbone_params")


def upgrade() -> None:
    """Go from nothing to 0001."""
    _make_runs()
    _make_attempts()
    _make_epochs()
    _make_features()
    _make_sweeps()


def _text(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _whole(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _real(*names: str, nullable: bool = False) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double(), nullable=nullable) for name in names]


def _make_runs() -> None:
    metrics = [f"{split}_{metric}" for split in (*SPLITS, "last_val", "last_test") for metric in METRICS]
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("group_id", sa.String(64), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        *_text("dataset", "target"),
        *_whole("num_classes"),
        *_text("fingerprint", nullable=True),
        *_real("val_fraction"),
        *_whole("split_seed"),
        *_text("backbone", "family", "weights_source", "weights_tag", "strategy", "recipe_name"),
        *_whole("seed", "image_size"),
        *_text("precision", "backend"),
        *_whole("protocol", *COUNTS),
        *_real("gmacs", "train_gmacs", "forecast_s"),
        *_whole("download_bytes"),
        sa.Column("status", sa.String(16), nullable=False),
        *_real("status_at", "created_at"),
        *_text("hardware", nullable=True),
        *_whole("best_epoch", "epochs", "optimizer_steps", nullable=True),
        *_real(*metrics, "best_on_test_top1", nullable=True),
        *_whole(*(f"{split}_n" for split in SPLITS), nullable=True),
        *_real("train_s", "eval_s", "feature_s", "standalone_s", "images_per_s", nullable=True),
        *_real("latency_1_s", "latency_batch_s", nullable=True),
        *_whole("latency_batch_size", "peak_memory_bytes", "stored_bytes", nullable=True),
        *_text("weights_digest", nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_dataset_status", "runs", ["dataset", "status"])
    op.create_index("ix_runs_group_id", "runs", ["group_id"])


def _make_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        *_whole("number"),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("worker_id", sa.String(32), nullable=False),
        *_text("host"),
        *_whole("pid"),
        *_real("process_started_at", "lease_expires_at", "started_at"),
        *_real("finished_at", nullable=True),
        *_text("error_type", "error_what", "error_why", "error_todo", "error_trace", nullable=True),
        *_text("hardware"),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_attempts_run_id"),
        sa.UniqueConstraint("run_id", "number", name="uq_attempts_run_id_number"),
    )
    running = sa.text("status = 'running'")
    op.create_index(
        "ix_attempts_one_running",
        "attempts",
        ["run_id"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )


def _make_epochs() -> None:
    op.create_table(
        "epochs",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        *_real("recorded_at"),
        *_whole("steps"),
        *_real("lr"),
        *_real("train_loss", "train_top1", *(f"val_{metric}" for metric in METRICS), nullable=True),
        *_whole("val_n"),
        *_real("train_s", "eval_s"),
        *_real("test_top1", nullable=True),
        sa.PrimaryKeyConstraint("run_id", "epoch", "attempt_id", name="pk_epochs"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_epochs_run_id"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_epochs_attempt_id"),
    )


def _make_features() -> None:
    op.create_table(
        "feature_passes",
        sa.Column("id", sa.Integer(), nullable=False),
        *_text("key", "hardware", "backbone", "dataset"),
        *_whole("images", "bytes"),
        *_real("seconds", "created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_feature_passes"),
        sa.UniqueConstraint("key", "hardware", name="uq_feature_passes_key_hardware"),
    )
    op.create_table(
        "run_features",
        sa.Column("run_id", sa.String(64), nullable=False),
        *_text("key"),
        sa.Column("pass_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "key", name="pk_run_features"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_run_features_run_id"),
        sa.ForeignKeyConstraint(["pass_id"], ["feature_passes.id"], name="fk_run_features_pass_id"),
    )


def _make_sweeps() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        *_text("command", "dataset", "budget"),
        sa.Column("request", sa.JSON(), nullable=False),
        *_real("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
        sa.UniqueConstraint("digest", name="uq_sweeps_digest"),
    )
    op.create_table(
        "sweep_runs",
        sa.Column("sweep_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        *_whole("position"),
        sa.PrimaryKeyConstraint("sweep_id", "run_id", name="pk_sweep_runs"),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_sweep_runs_sweep_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_sweep_runs_run_id"),
    )
    op.create_table(
        "sweep_rejected",
        sa.Column("sweep_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        *_text("backbone", "strategy", "reason"),
        *_whole(*COUNTS, nullable=True),
        *_real("gmacs", "train_gmacs", nullable=True),
        sa.PrimaryKeyConstraint("sweep_id", "position", name="pk_sweep_rejected"),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_sweep_rejected_sweep_id"),
    )
