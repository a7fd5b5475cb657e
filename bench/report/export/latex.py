r"""Boards as LaTeX tables in the style of booktabs, everything escaped; they need `\usepackage{booktabs}`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bench.report.board.board_table import BoardTable, Cell, Row
from bench.report.board.overlaps import Overlaps
from bench.report.board.tables import Board
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
    return "\n".join(["% \\usepackage{booktabs}", *(_table(BoardTable.of(board, overlaps)) for board in boards)])


def escaped(text: str) -> str:
    """Write text so that LaTeX prints it as it is, on one line; characters that do not print become spaces."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _LIGATURE.sub(r"\1{}", "".join(_SAFE.get(char, char) for char in flat))


def _table(table: BoardTable) -> str:
    measured, published = (list(map(_line_of, rows)) for rows in (table.measured, table.published))
    shape = "rl" + "".join("l" if column.unit == "text" else "r" for column in table.columns) + "r"
    notes = [*([_BOLD_NOTE] if measured else []), *table.notes]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\small\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{escaped(table.board.title)}}}",
            rf"\begin{{tabular}}{{{shape}}}",
            r"\toprule",
            _line([r"\#", "", *map(escaped, table.headings), "seeds"]),
            r"\midrule",
            *measured,
            *([r"\midrule"] if measured and published else []),
            *published,
            r"\bottomrule",
            r"\end{tabular}",
            r"\par\smallskip\footnotesize",
            *(f"{escaped(note)}\\par" for note in notes),
            r"\end{table}",
            "",
        ]
    )


def _line_of(row: Row) -> str:
    line = _line([row.place, row.mark, *(_text(cell, row) for cell in row.cells), escaped(row.seeds)])
    return f"{line} % {row.runs}" if row.entry else line


def _text(cell: Cell, row: Row) -> str:
    text = _number(cell.text) if row.entry else escaped(cell.text)
    best = row.entry and row.entry.rank == 1 and cell.column.key == "val_top1"
    return rf"\textbf{{{text}}}" if best else text


def _number(text: str) -> str:
    r"""Write a mean and its spread in one formula, so that `\textbf` and spacing hold; anything else as text."""
    found = _SPREAD.fullmatch(text)
    return rf"{found[1]} $\pm$ {found[2]}" if found else escaped(text)


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"
