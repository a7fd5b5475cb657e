"""Exported data: a flat record per row of a board, per run or per epoch; and records as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from bench.records.runs import EpochRecord
from bench.report.board.board_table import BoardTable, Cell, Row
from bench.report.board.columns import COLUMNS, head_columns
from bench.report.board.groups import Cut
from bench.report.board.tables import Board, Entry, Published
from bench.store.flatten import epoch_columns
from bench.store.rows import RunRow

_SPREADS = ("fraction", "seconds")
_OF_RUN = ("dataset", "target", "subset", "backbone", "strategy", "seed", "hardware")

_PLACE = (*Cut._fields, "val_n", "test_n", "rank", "pareto", "pareto_cost", "seeds", "seeds_lost")
_VALUES = tuple(
    name
    for key, column in COLUMNS.items()
    for name in ((key, f"{key}_std") if column.unit in _SPREADS else (key,))
)
BOARD_FIELDS = (
    *_PLACE,
    *_VALUES,
    "test_top1_low",
    "test_top1_high",
    "hardware",
    "disturbed",
    "group_id",
    "run_ids",
    "ensemble",
)
"""What every measured record of a board has; those of joint runs and published ones have more."""

EPOCH_FIELDS = ("run_id", *_OF_RUN, "epoch", "steps", "lr", "train_loss", "train_top1")


def board_records(boards: Iterable[Board]) -> list[dict[str, Any]]:
    """Return a flat record per row: names, ranks, means, and `_std` for the sample standard deviations."""
    tables = [BoardTable(board, [*COLUMNS.values(), *head_columns(board.heads)]) for board in boards]
    return [
        record
        for table in tables
        for record in (
            *map(partial(_record, table.board), table.board.entries, table.measured),
            *map(_published_record, table.board.published),
        )
    ]


def row_records(rows: Iterable[RunRow]) -> list[dict[str, Any]]:
    """Return a record per run, in any status: the stored row, nothing averaged."""
    return [{key: _finite(value) for key, value in row._asdict().items()} for row in rows]


def epoch_records(rows: Iterable[RunRow], epochs: Mapping[str, Sequence[EpochRecord]]) -> list[dict[str, Any]]:
    """Return a record per epoch of the runs, with what names its run."""
    return [
        {
            "run_id": row.run_id,
            **{name: getattr(row, name) for name in _OF_RUN},
            **{key: _finite(value) for key, value in epoch_columns(epoch).items()},
        }
        for row in rows
        for epoch in epochs[row.run_id]
    ]


def to_json(records: Any) -> str:
    """Write plain data as JSON; text stays readable, and what is not finite is null already."""
    return json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False)


def _record(board: Board, entry: Entry, row: Row) -> dict[str, Any]:
    group, task = entry.group, board.task
    low, high = group.test_interval or (None, None)
    return {
        **task.cut._asdict(),
        "val_n": task.val_n,
        "test_n": task.test_n,
        "rank": entry.rank,
        "pareto": entry.pareto,
        "pareto_cost": board.cost.key,
        "seeds": group.seeds,
        "seeds_lost": group.lost,
        **{key: value for cell in row.cells for key, value in _values(cell)},
        "test_top1_low": low,
        "test_top1_high": high,
        "hardware": board.machine or " | ".join(group.machines),
        "disturbed": group.is_disturbed("standalone_s", board.machine),
        "group_id": group.group_id,
        "run_ids": group.run_ids,
        "ensemble": group.ensemble.rule if group.ensemble else None,
    }


def _published_record(row: Published) -> dict[str, Any]:
    """Return a published row under the keys of measured ones, without what its source does not print."""
    named = {"dataset": row.dataset, "target": row.target, "rank": None, "pareto": False}
    told = {"backbone": row.backbone, "strategy": row.method, **row.values}
    return {**named, **told, "published": row.name or row.method, "source": row.source, "note": row.note}


def _values(cell: Cell) -> Iterable[tuple[str, Any]]:
    """Yield what a cell is in data: its value, and its spread where that is exported."""
    column, value = cell.column, cell.value
    if column.unit == "count" and isinstance(value, float) and value == int(value):
        value = int(value)
    yield column.key, value
    if column.unit in _SPREADS and column.key in COLUMNS:
        yield f"{column.key}_std", cell.spread


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
