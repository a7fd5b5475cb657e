"""Every run and every attempt at it, with its status and error: nothing that happened is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from bench.errors import BenchError, unknown_name
from bench.records.runs import Status
from bench.store.rows import AttemptRow, RunRow

STATUSES: tuple[str, ...] = get_args(Status)
Attempts = Mapping[str, Sequence[AttemptRow]]
"""Run id -> its attempts, first to last."""


def select_status(rows: Iterable[RunRow], statuses: Sequence[str]) -> list[RunRow]:
    """Keep the runs in one of the statuses (all without any), latest change first; an unknown one is an error."""
    for status in statuses:
        if status not in STATUSES:
            raise unknown_name("status", status, STATUSES, BenchError)
    kept = [row for row in rows if not statuses or row.status in statuses]
    return sorted(kept, key=lambda row: -row.status_at)


def count_statuses(rows: Iterable[RunRow]) -> dict[str, int]:
    """Count the runs in each status that occurs, in the order of a run's life."""
    counted = dict.fromkeys(STATUSES, 0)
    for row in rows:
        counted[row.status] = counted.get(row.status, 0) + 1
    return {status: count for status, count in counted.items() if count}


def run_records(rows: Iterable[RunRow], attempts: Attempts) -> list[dict[str, Any]]:
    """Return each run as plain data with its attempts."""
    return [{**row._asdict(), "attempts": [attempt_record(a) for a in attempts[row.run_id]]} for row in rows]


def attempt_record(attempt: AttemptRow) -> dict[str, Any]:
    """Return an attempt as plain data."""
    return dataclasses.asdict(attempt)


def status_text(row: RunRow) -> str:
    """Write a run's status, and for one that was pruned at which rung."""
    return f"pruned at {row.rung}" if row.status == "pruned" else row.status


def error_text(attempt: AttemptRow) -> str:
    """Return the error of an attempt on one line; empty if it had none."""
    parts = (attempt.error_what, attempt.error_why)
    text = " ".join(part for part in parts if part) or attempt.error_type or ""
    return " ".join(text.split())


def last_error(attempts: Sequence[AttemptRow]) -> str:
    """Return the error of the last attempt; empty if it had none, or there is no attempt."""
    return error_text(attempts[-1]) if attempts else ""


def utc(moment: float | None) -> str:
    """Write a time for a page, which others read elsewhere: in UTC, to the second; empty for None."""
    return "" if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(moment: float | None) -> str:
    """Write a time in this machine's zone, to the second; empty for None."""
    return "" if moment is None else datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")
