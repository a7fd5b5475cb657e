"""Say what part of a dataset a run saw, and its classes' groups; keep heads, ensembles, evaluations elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_METRICS = ("top1", "top5", "loss", "macro_f1")


def upgrade() -> None:
    """Go from 0002 to 0003."""
    for name in ("subset", "class_groups"):
        op.add_column("runs", sa.Column(name, sa.Text()))
    op.execute("UPDATE runs SET subset = '', class_groups = ''")
    with op.batch_alter_table("runs") as batch:
        batch.alter_column("subset", existing_type=sa.Text(), nullable=False)
        batch.alter_column("class_groups", existing_type=sa.Text(), nullable=False)
    _make_heads()
    _make_ensembles()
    _make_transfers()


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{column}"], name=f"fk_{table}_{column}")


def _make_heads() -> None:
    op.create_table(
        "head_metrics",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("split", sa.String(16), nullable=False),
        sa.Column("num_classes", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Double()) for name in _METRICS),
        sa.Column("n", sa.BigInteger(), nullable=False),
        _to("head_metrics", "run_id", "runs"),
        sa.PrimaryKeyConstraint("run_id", "target", "split", name="pk_head_metrics"),
    )
    op.create_table(
        "contradictions",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("split", sa.String(16), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("group_target", sa.Text(), nullable=False),
        sa.Column("share", sa.Double()),
        sa.Column("n", sa.BigInteger(), nullable=False),
        _to("contradictions", "run_id", "runs"),
        sa.PrimaryKeyConstraint("run_id", "split", "target", "group_target", name="pk_contradictions"),
    )


def _make_ensembles() -> None:
    measured = [f"{split}_{name}" for split in ("val", "test") for name in _METRICS]
    op.create_table(
        "ensembles",
        sa.Column("ensemble_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("command", "dataset", "target")),
        sa.Column("num_classes", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text()),
        sa.Column("split_digest", sa.String(64), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("total_params", sa.BigInteger(), nullable=False),
        sa.Column("trainable_params", sa.BigInteger(), nullable=False),
        sa.Column("gmacs", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Double()) for name in measured),
        sa.Column("val_n", sa.BigInteger(), nullable=False),
        sa.Column("test_n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ensemble_id", name="pk_ensembles"),
    )
    op.create_table(
        "ensemble_members",
        sa.Column("ensemble_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        _to("ensemble_members", "ensemble_id", "ensembles"),
        _to("ensemble_members", "run_id", "runs"),
        sa.PrimaryKeyConstraint("ensemble_id", "position", name="pk_ensemble_members"),
    )


def _make_transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("transfer_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("dataset", "fingerprint")),
        sa.Column("split", sa.String(16), nullable=False),
        sa.Column("images", sa.BigInteger(), nullable=False),
        sa.Column("label_map", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("hardware", sa.Text(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        _to("transfers", "run_id", "runs"),
        sa.PrimaryKeyConstraint("transfer_id", name="pk_transfers"),
    )
