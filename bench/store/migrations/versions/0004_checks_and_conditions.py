"""Record class balance, the conditions of times, test metrics of epochs, files, and leases by uptime."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SPLITS = ("train", "val", "test", "last_val", "last_test")


def upgrade() -> None:
    """Go from 0003 to 0004."""
    _add("runs", sa.Double, *(f"{split}_balanced_accuracy" for split in _SPLITS))
    _add("runs", sa.Double, "majority_share", "val_majority_top1", "test_majority_top1")
    _add("runs", sa.BigInteger, "micro_batch_size", "pass_peak_memory_bytes")
    _add("runs", sa.Boolean, "tf32")
    _add("epochs", sa.Double, "val_balanced_accuracy", "train_top5", "test_top5", "test_loss")
    _add("feature_passes", sa.BigInteger, "peak_memory_bytes")
    for table in ("runs", "feature_passes"):
        _add(table, sa.Double, "cpu_s", "load", "slowdown")
        _add(table, sa.Boolean, "disturbed")
    _add("attempts", sa.Double, "lease_expires_uptime")
    _add("head_metrics", sa.Double, "balanced_accuracy")
    _add("ensembles", sa.Double, "val_balanced_accuracy", "test_balanced_accuracy")
    op.create_table(
        "artifacts",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_artifacts_run_id"),
        sa.PrimaryKeyConstraint("run_id", "kind", name="pk_artifacts"),
    )


def _add(table: str, kind: type[sa.types.TypeEngine[Any]], *names: str) -> None:
    for name in names:
        op.add_column(table, sa.Column(name, kind()))
