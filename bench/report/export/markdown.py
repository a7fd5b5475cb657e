"""Boards as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bench.report.board.board_table import BoardTable
from bench.report.board.overlaps import Overlaps
from bench.report.board.tables import Board


def to_markdown(boards: Iterable[Board], overlaps: Overlaps | None = None) -> str:
    """Write boards as Markdown: a heading, a table and its notes each."""
    return "\n\n".join(_markdown(BoardTable.of(board, overlaps)) for board in boards) + "\n"


def table_line(cells: Iterable[str], *, escaped: bool = True) -> str:
    """Write a line of a Markdown table."""
    return "| " + " | ".join(escape(text) if escaped else text for text in cells) + " |"


def escape(text: str) -> str:
    """Keep text on its line and in its cell, and HTML in it text."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\|*_`$])", r"\\\1", flat)


def _markdown(table: BoardTable) -> str:
    head = ["#", "", *table.headings, "seeds", "runs"]
    sides = ("---" if column.unit == "text" else "---:" for column in table.columns)
    lines = [
        f"### {escape(table.board.title)}",
        "",
        table_line(head),
        table_line(["---:", "---", *sides, "---:", "---"], escaped=False),
        *(table_line([row.place, row.mark, *row.texts, row.seeds, row.runs]) for row in table.rows),
        "",
        *(f"- {escape(note)}" for note in table.notes),
    ]
    return "\n".join(lines)
