"""Times that were measured beside other work, or while the machine was slow: marked, and on no front."""

from __future__ import annotations

from bench.report.board.columns import Column
from bench.store.rows import RunRow
from bench.units import DASH

MARK = "~"
"""Stands before a time that was disturbed."""


def is_disturbed(row: RunRow, column: Column) -> bool:
    """Whether what a run has in a column is a time that was disturbed."""
    return column.timed and bool(row.disturbed)


def marked(text: str, *, disturbed: bool) -> str:
    """Put the mark before a time that was disturbed; a dash has none."""
    return f"{MARK}{text}" if disturbed and text != DASH else text


def conditions_text(row: RunRow) -> str:
    """Write what a run's times were measured under; empty if that is not known."""
    parts = []
    if row.load is not None:
        parts.append(f"{row.load:.2f} cores busy with other work")
    if row.slowdown is not None:
        parts.append(f"computing {row.slowdown:.2f} times slower than at best")
    if not parts:
        return ""
    return ", ".join(parts) + (": disturbed" if row.disturbed else "")
