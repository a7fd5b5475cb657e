r"""Boards as LaTeX tables in the style of booktabs, everything escaped; they need `\usepackage{booktabs}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bench.report.board.columns import Column
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
from bench.report.board.tables import Board, Entry, numbered
from bench.units import DASH

_BOLD_NOTE = "Bold: the highest validation top-1, which ranks."

_SAFE = {
    **{char: f"\\{char}" for char in "{}$&#%_"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "`": r"\textasciigrave{}", '"': r"\char34{}",
    "±": r"$\pm$", "†": r"$\dagger$", "‡": r"$\ddagger$", DASH: r"\textendash{}", "…": r"\ldots{}",
}  # fmt: skip
"""What LaTeX would take for something else, or joins to something else, and what stands for it."""

_LIGATURE = re.compile(r"([-',])(?=\1)")
_SPREAD = re.compile(r"(-?[\d.,]+) ± ([\d.,]+)")


def to_latex(boards: Iterable[Board], overlaps: Overlaps | None = None) -> str:
    """Write boards as floating tables with their notes; each row names its runs in a comment."""
    return "\n".join(["% \\usepackage{booktabs}", *(_table(board, overlaps) for board in boards)])


def escaped(text: str) -> str:
    """Write text so that LaTeX prints it as it is, on one line; characters that do not print become spaces."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _LIGATURE.sub(r"\1{}", "".join(_SAFE.get(char, char) for char in flat))


def _table(board: Board, overlaps: Overlaps | None) -> str:
    columns = board_columns(board)
    shape = "rl" + "".join("l" if column.unit == "text" else "r" for column in columns) + "r"
    notes = [*([_BOLD_NOTE] if board.entries else []), *board_notes(board, overlaps)]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\small\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{escaped(board.title)}}}",
            rf"\begin{{tabular}}{{{shape}}}",
            r"\toprule",
            _line([r"\#", "", *(escaped(heading(column)) for column in columns), "seeds"]),
            r"\midrule",
            *(_row(board, entry, columns) for entry in board.entries),
            *_published(board, columns),
            r"\bottomrule",
            r"\end{tabular}",
            r"\par\smallskip\footnotesize",
            *(f"{escaped(note)}\\par" for note in notes),
            r"\end{table}",
            "",
        ]
    )


def _row(board: Board, entry: Entry, columns: Sequence[Column]) -> str:
    cells = [str(entry.rank), "*" if entry.pareto else ""]
    for column in columns:
        text = _number(cell(entry.group, column, board))
        cells.append(rf"\textbf{{{text}}}" if entry.rank == 1 and column.key == "val_top1" else text)
    return f"{_line([*cells, escaped(seeds(entry.group))])} % {short_ids(entry.group)}"


def _published(board: Board, columns: Sequence[Column]) -> list[str]:
    rows = zip(numbered(board.published)[0], board.published, strict=True)
    lines = [
        _line([PUBLISHED, f"[{number}]", *(escaped(published_cell(row, c)) for c in columns), escaped(DASH)])
        for number, row in rows
    ]
    return [r"\midrule", *lines] if lines and board.entries else lines


def _number(text: str) -> str:
    r"""Write a mean and its spread in one formula, so that `\textbf` and spacing hold; anything else as text."""
    found = _SPREAD.fullmatch(text)
    return rf"{found[1]} $\pm$ {found[2]}" if found else escaped(text)


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"
