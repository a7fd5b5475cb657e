"""Leaderboards as data: records, and these as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.report.columns import COLUMNS
from bench.report.groups import Group
from bench.report.head_columns import head_columns
from bench.report.layout import PUBLISHED, board_columns, cell, heading, published_cell, seeds
from bench.report.notes import board_notes
from bench.report.overlaps import Overlaps
from bench.report.published import numbered
from bench.report.rows import field
from bench.report.tables import Board, Entry
from bench.report.units import DASH

if TYPE_CHECKING:
    from bench.report.published import Published

_RISKY = ("=", "+", "-", "@", "\t", "\n")
_SPREADS = ("fraction", "seconds")


def board_records(boards: Iterable[Board]) -> list[dict[str, Any]]:
    """Return a flat record per row: names, ranks, means, and `_std` for the sample standard deviations."""
    return [
        record
        for board in boards
        for record in (
            *(_record(board, entry) for entry in board.entries),
            *(_published_record(row) for row in board.published),
        )
    ]


def to_json(records: Any) -> str:
    """Write plain data as JSON; text stays readable, and what is not finite is null already."""
    return json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False)


def to_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Write records as CSV that no spreadsheet takes for a formula; lists are joined by spaces."""
    text = io.StringIO()
    columns = list(dict.fromkeys(key for record in records for key in record))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _csv_cell(value) for key, value in record.items()} for record in records)
    return text.getvalue()


def to_markdown(boards: Iterable[Board], overlaps: Overlaps | None = None) -> str:
    """Write boards as Markdown: a heading, a table and its notes each."""
    return "\n\n".join(_markdown(board, overlaps) for board in boards) + "\n"


def _record(board: Board, entry: Entry) -> dict[str, Any]:
    group, task = entry.group, board.task
    record: dict[str, Any] = {
        **task.cut._asdict(),
        "val_n": task.val_n,
        "test_n": task.test_n,
        "rank": entry.rank,
        "pareto": entry.pareto,
        "pareto_cost": board.cost.key,
        "seeds": group.seeds,
        "seeds_lost": group.lost,
    }
    record |= _values(group, board.machine)
    record |= {column.key: group.stat(column.key).mean for column in head_columns(board.heads)}
    record["test_top1_se"] = group.test_error
    record["hardware"] = board.machine or " | ".join(group.machines)
    record["group_id"] = group.group_id
    record["run_ids"] = group.run_ids
    record["ensemble"] = group.ensemble.rule if group.ensemble else None
    return record


def _published_record(row: Published) -> dict[str, Any]:
    """Return a published row under the keys of measured ones; what its source does not say is missing."""
    named = {"dataset": row.dataset, "target": row.target, "rank": None, "pareto": False}
    told = {"backbone": row.backbone, "strategy": row.method, **row.values}
    return {**named, **told, "published": row.name or row.method, "source": row.source, "note": row.note}


def _values(group: Group, machine: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, column in COLUMNS.items():
        if column.unit == "text":
            values[key] = field(group.first, key)
            continue
        mean, std, _ = group.stat(key, machine)
        values[key] = int(mean) if mean is not None and column.unit == "count" and mean == int(mean) else mean
        if column.unit in _SPREADS:
            values[f"{key}_std"] = std
    return values


def _csv_cell(value: Any) -> Any:
    """Make a cell that a spreadsheet shows as it is: text that begins like a formula gets an apostrophe."""
    if isinstance(value, (list, tuple)):
        value = " ".join(map(str, value))
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")  # csv leaves a lone CR without quotes
    if isinstance(value, str) and value.startswith(_RISKY) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _markdown(board: Board, overlaps: Overlaps | None) -> str:
    columns = board_columns(board)
    head = ["#", "", *map(heading, columns), "seeds"]
    rule = ["---:", "---", *("---" if column.unit == "text" else "---:" for column in columns), "---:"]
    lines = [f"### {escape(board.title)}", "", table_line(head), table_line(rule, escaped=False)]
    for entry in board.entries:
        cells = (cell(entry.group, column, board) for column in columns)
        lines.append(table_line([str(entry.rank), "*" if entry.pareto else "", *cells, seeds(entry.group)]))
    for number, row in zip(numbered(board.published)[0], board.published, strict=True):
        cells = (published_cell(row, column) for column in columns)
        lines.append(table_line([PUBLISHED, f"[{number}]", *cells, DASH]))
    return "\n".join([*lines, "", *(f"- {escape(note)}" for note in board_notes(board, overlaps))])


def table_line(cells: Iterable[str], *, escaped: bool = True) -> str:
    """Write a line of a Markdown table."""
    return "| " + " | ".join(escape(text) if escaped else text for text in cells) + " |"


def escape(text: str) -> str:
    """Keep text on its line and in its cell, and HTML in it text."""
    flat = " ".join(text.split())
    for plain, safe in (
        ("&", "&amp;"),
        ("\\", "\\\\"),
        ("|", "\\|"),
        ("*", "\\*"),
        ("_", "\\_"),
        ("<", "&lt;"),
        ("`", "\\`"),
    ):
        flat = flat.replace(plain, safe)
    return flat
