"""Boards as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from bench.report.board.layout import (
    PUBLISHED,
    board_columns,
    cell,
    heading,
    published_cell,
    seeds,
    short_ids,
)
from bench.report.board.notes import board_notes
from bench.report.board.overlaps import Overlaps
from bench.report.board.tables import Board, numbered
from bench.units import DASH


def to_markdown(boards: Iterable[Board], overlaps: Overlaps | None = None) -> str:
    """Write boards as Markdown: a heading, a table and its notes each."""
    return "\n\n".join(_markdown(board, overlaps) for board in boards) + "\n"


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
        ("$", "\\$"),
    ):
        flat = flat.replace(plain, safe)
    return flat


def _markdown(board: Board, overlaps: Overlaps | None) -> str:
    columns = board_columns(board)
    head = ["#", "", *map(heading, columns), "seeds", "runs"]
    rule = ["---:", "---", *("---" if column.unit == "text" else "---:" for column in columns), "---:", "---"]
    lines = [f"### {escape(board.title)}", "", table_line(head), table_line(rule, escaped=False)]
    for entry in board.entries:
        cells = (cell(entry.group, column, board) for column in columns)
        ends = seeds(entry.group), short_ids(entry.group)
        lines.append(table_line([str(entry.rank), "*" if entry.pareto else "", *cells, *ends]))
    for number, row in zip(numbered(board.published)[0], board.published, strict=True):
        cells = (published_cell(row, column) for column in columns)
        lines.append(table_line([PUBLISHED, f"[{number}]", *cells, DASH, DASH]))
    return "\n".join([*lines, "", *(f"- {escape(note)}" for note in board_notes(board, overlaps))])
