"""Say where a frozen part ends and what filled it, which runs were pruned, and how long steps take."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go from 0001 to 0002."""
    op.add_column("runs", sa.Column("frozen_gmacs", sa.Double()))
    op.add_column("runs", sa.Column("frontier", sa.Text()))
    for name in ("cached_bytes", "pruned_at_epoch", "rung"):
        op.add_column("runs", sa.Column(name, sa.BigInteger()))
    op.add_column("sweep_rejected", sa.Column("frozen_gmacs", sa.Double()))
    _name_passes()
    _make_timings()


def _name_passes() -> None:
    """Until now a pass filled one frontier: it is called as that is."""
    op.add_column("feature_passes", sa.Column("pass_key", sa.Text()))
    op.execute("UPDATE feature_passes SET pass_key = key")
    with op.batch_alter_table("feature_passes") as batch:
        batch.alter_column("pass_key", existing_type=sa.Text(), nullable=False)


def _make_timings() -> None:
    case = ("backbone", "strategy", "kind", "image_size", "batch_size", "precision")
    op.create_table(
        "timings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("hardware", sa.Text(), nullable=False),
        sa.Column("threads", sa.BigInteger(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("backbone", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("image_size", sa.BigInteger(), nullable=False),
        sa.Column("batch_size", sa.BigInteger(), nullable=False),
        sa.Column("precision", sa.String(16), nullable=False),
        sa.Column("samples", sa.JSON(), nullable=False),
        sa.Column("reference_samples", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timings"),
        sa.UniqueConstraint("name", *case, name="uq_timings_case"),
    )
