"""Ensembles as rows of a board, beside the runs they are made of."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.records.ensembles import Ensemble
from bench.records.runs import Metrics
from bench.report.board.groups import Group, cut
from bench.report.board.query import Query, select_rows, within
from bench.report.board.rows import hardware
from bench.store.rows import RunHeads, RunRow

FAMILY = "ensemble"

_UNMEASURED = (
    "best_epoch", "epochs", "optimizer_steps", "train_top1", "train_top5", "train_loss", "train_macro_f1",
    "train_balanced_accuracy", "train_n", "last_val_top1", "last_val_top5", "last_val_loss", "last_val_macro_f1",
    "last_val_balanced_accuracy", "last_test_top1", "last_test_top5", "last_test_loss", "last_test_macro_f1",
    "last_test_balanced_accuracy", "best_on_test_top1", "eval_s", "feature_s", "images_per_s",
    "peak_memory_bytes", "latency_1_s", "latency_batch_s", "latency_batch_size", "weights_digest", "frozen_gmacs",
    "frontier", "cached_bytes", "load", "slowdown", "micro_batch_size", "pass_peak_memory_bytes", "tf32",
)  # fmt: skip


def ensemble_groups(
    ensembles: Iterable[Ensemble],
    rows: Iterable[RunRow],
    query: Query,
    heads: Mapping[str, RunHeads] | None = None,
) -> list[Group]:
    """Make a group of each ensemble that the query lets through; `rows` are all runs, `heads` those of joint ones.

    An ensemble passes filters on names if all its members do, and a budget if it keeps it as one model. It stands
    on no board if its members were trained or chosen on different data.
    """
    ensembles = list(ensembles)
    by_id = {row.run_id: row for row in rows} if ensembles else {}
    names = Query(query.dataset, query.target, None, query.backbone, query.strategy)
    groups = []
    for made in ensembles:
        members = members_of(made, by_id, heads)
        row = as_row(made, members)
        of_one_task = len({cut(member) for member in members}) == 1
        if of_one_task and select_rows(members, names) == members and within([row], query.budget):
            groups.append(Group((row,), ensemble=made))
    return groups


def members_of(
    made: Ensemble, by_id: Mapping[str, RunRow], heads: Mapping[str, RunHeads] | None = None
) -> list[RunRow]:
    """Return the rows of an ensemble's members, in its order; of a joint run what its head of the target measured.

    A joint run is of more groups of classes than its head: it takes those of the members with one target.
    """
    rows = [by_id[member.run_id] for member in made.members]
    groups = next((row.class_groups for row in rows if row.target == made.target), None)
    return [
        row
        if row.target == made.target
        else _of_head(
            row, made, (heads or {}).get(row.run_id, RunHeads()), row.class_groups if groups is None else groups
        )
        for row in rows
    ]


def as_row(made: Ensemble, members: Sequence[RunRow]) -> RunRow:
    """Write an ensemble as tables read a run: what its members share, and sums of what each of them cost.

    Times are there only where all members ran on the same hardware; what nobody measured (epochs, latency, metrics
    on train) is None.
    """
    machines = {hardware(row) for row in members}
    times = {name: _total(getattr(row, name) for row in members) for name in ("standalone_s", "train_s", "cpu_s")}
    changes: dict[str, Any] = {
        **dict.fromkeys(_UNMEASURED),
        **{
            name: _alike(getattr(row, name) for row in members) for name in ("recipe_name", "precision", "backend")
        },
        **(times if len(machines) == 1 else dict.fromkeys(times)),
        **metrics_columns("val", made.val),
        **metrics_columns("test", made.test),
        "run_id": made.ensemble_id,
        "group_id": made.ensemble_id,
        "backbone": made.name,
        "family": FAMILY,
        "weights_source": "",
        "weights_tag": "",
        "strategy": made.rule_name,
        "seed": 0,
        "image_size": max(row.image_size for row in members),
        "total_params": made.total_params,
        "trainable_params": made.trainable_params,
        "trainable_backbone_params": sum(row.trainable_backbone_params for row in members),
        "gmacs": made.gmacs,
        "train_gmacs": sum(row.train_gmacs for row in members),
        "stored_bytes": _total(row.stored_bytes for row in members),
        "disturbed": _any(row.disturbed for row in members),
        "hardware": machines.pop() if len(machines) == 1 else None,
        "created_at": made.created_at,
        "status_at": made.created_at,
    }
    return members[0]._replace(**changes)


def _of_head(row: RunRow, made: Ensemble, heads: RunHeads, class_groups: str) -> RunRow:
    changes: dict[str, Any] = {
        f"{head.split}_{name}": getattr(head, name)
        for head in heads.metrics
        if head.target == made.target
        for name in ("top1", "top5", "loss", "macro_f1", "balanced_accuracy", "n")
    }
    changes |= {"target": made.target, "num_classes": made.num_classes, "class_groups": class_groups}
    return row._replace(**changes)


def metrics_columns(split: str, metrics: Metrics) -> dict[str, float | None]:
    """Return a split's metrics as columns, `val_top1` and so on; what is not finite is None."""
    values = dataclasses.asdict(metrics)
    return {f"{split}_{name}": value if math.isfinite(value) else None for name, value in values.items()}


def _alike(values: Iterable[str]) -> str:
    found = set(values)
    return found.pop() if len(found) == 1 else "mixed"


def _any(values: Iterable[bool | None]) -> bool | None:
    """Whether one of the values is true; None if none is and one is not known."""
    found = set(values)
    return True if True in found else None if None in found else False


def _total(values: Iterable[float | None]) -> float | None:
    """Sum values; None where one is missing."""
    found = list(values)
    known = [value for value in found if value is not None]
    return math.fsum(known) if len(known) == len(found) else None
