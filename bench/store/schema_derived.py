"""The tables of what finished runs leave: files, each head's metrics, ensembles, evaluations on other datasets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bench.store.schema_types import Base as Base  # noqa: PLC0414 - whoever has it has these tables


def _to_run(*, primary_key: bool = False) -> Mapped[str]:
    return mapped_column(sa.String(64), sa.ForeignKey("runs.run_id"), primary_key=primary_key)


class RunArtifact(Base):
    """A file that belongs to a run: its kind (`predictions`, `weights`), size and checksum."""

    __tablename__ = "artifacts"

    run_id: Mapped[str] = _to_run(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    checksum: Mapped[str]
    bytes: Mapped[int]
    created_at: Mapped[float]


class HeadMetricRow(Base):
    """What one head of a run with several targets measured on one split (`val` or `test`), at the best epoch."""

    __tablename__ = "head_metrics"

    run_id: Mapped[str] = _to_run(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    num_classes: Mapped[int]
    top1: Mapped[float | None]
    top5: Mapped[float | None]
    loss: Mapped[float | None]
    macro_f1: Mapped[float | None]
    n: Mapped[int]
    balanced_accuracy: Mapped[float | None]


class ContradictionRow(Base):
    """How often two heads of a run contradict each other: the class that one says is not in the other's group."""

    __tablename__ = "contradictions"

    run_id: Mapped[str] = _to_run(primary_key=True)
    split: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    group_target: Mapped[str] = mapped_column(primary_key=True)
    share: Mapped[float | None]
    n: Mapped[int]


class EnsembleRow(Base):
    """One ensemble: its id is the SHA-256 of its members, rule and weights; counts count a shared trunk once."""

    __tablename__ = "ensembles"

    ensemble_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created_at: Mapped[float]
    command: Mapped[str]
    dataset: Mapped[str]
    target: Mapped[str]
    num_classes: Mapped[int]
    fingerprint: Mapped[str | None]
    split_digest: Mapped[str] = mapped_column(sa.String(64))
    rule: Mapped[str]
    request: Mapped[dict[str, Any]]
    total_params: Mapped[int]
    trainable_params: Mapped[int]
    gmacs: Mapped[float]
    val_top1: Mapped[float | None]
    val_top5: Mapped[float | None]
    val_loss: Mapped[float | None]
    val_macro_f1: Mapped[float | None]
    val_n: Mapped[int]
    test_top1: Mapped[float | None]
    test_top5: Mapped[float | None]
    test_loss: Mapped[float | None]
    test_macro_f1: Mapped[float | None]
    test_n: Mapped[int]
    val_balanced_accuracy: Mapped[float | None]
    test_balanced_accuracy: Mapped[float | None]


class EnsembleMemberRow(Base):
    """A run of an ensemble, with its weight; greedy selection may take one twice, which adds to its weight."""

    __tablename__ = "ensemble_members"

    ensemble_id: Mapped[str] = mapped_column(
        sa.String(64), sa.ForeignKey("ensembles.ensemble_id"), primary_key=True
    )
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    run_id: Mapped[str] = _to_run()
    weight: Mapped[float]


class TransferRow(Base):
    """One run evaluated on another dataset: its id is the SHA-256 of the run, that dataset and the label map.

    `label_map` is the map as given and as corrected by name, `result` what was measured with each.
    """

    __tablename__ = "transfers"

    transfer_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created_at: Mapped[float]
    run_id: Mapped[str] = _to_run()
    dataset: Mapped[str]
    fingerprint: Mapped[str]
    split: Mapped[str] = mapped_column(sa.String(16))
    images: Mapped[int]
    label_map: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    hardware: Mapped[str]
    provenance: Mapped[dict[str, Any]]
