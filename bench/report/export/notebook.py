"""What a notebook shows of boards, runs and comparisons: tables as HTML, everything escaped, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.report.board.board_table import BoardTable
from bench.report.board.columns import COLUMNS, NEVER_RANKS
from bench.report.board.overlaps import Overlaps
from bench.report.board.tables import Board
from bench.report.html import environment
from bench.report.look.compare import Comparison
from bench.report.look.head_comparison import HeadComparison
from bench.report.plots.figures import PALETTE, colours_of
from bench.report.run.details import RunDetails
from bench.report.terminal.compare_view import difference, measured, points, spec_value, verdict
from bench.report.terminal.run_view import sparkline
from bench.units import show, show_difference

MOST = 50
"""Rows of a board that a notebook shows."""

_METRICS = ("top1", "top5", "macro_f1")
_COUNTS = (
    "total_params",
    "trainable_params",
    "gmacs",
    "train_gmacs",
    "standalone_s",
    "latency_1_s",
    "stored_bytes",
)


@dataclass(frozen=True)
class Line:
    """One row of a table: its cells, whether it is Pareto-optimal, and its strategy's place in the palette."""

    cells: Sequence[str]
    strong: bool = False
    colour: int | None = None


@dataclass(frozen=True)
class Table:
    """One table: its heading, the heads of its columns, how many of these are words, its rows, notes below."""

    title: str
    heads: Sequence[str]
    lines: Sequence[Line]
    words: int = 1
    notes: Sequence[str] = ()


class NotebookBoard(Board):
    """A board that shows itself in a notebook."""

    def _repr_html_(self) -> str:
        return boards_html([self])


class NotebookRun(RunDetails):
    """A run that shows itself in a notebook."""

    def _repr_html_(self) -> str:
        return run_html(self)


class NotebookComparison(Comparison):
    """A comparison of two runs that shows itself in a notebook."""

    def _repr_html_(self) -> str:
        return comparison_html(self)


def boards_html(boards: Sequence[Board], overlaps: Overlaps | None = None) -> str:
    """Return boards as HTML, one below the other."""
    none = "" if boards else "No finished runs."
    return _render(none, [_board(board, overlaps) for board in boards])


def run_html(details: RunDetails) -> str:
    """Return one run as HTML: results, costs, curves, and the command that made it."""
    row = details.row
    tables = [Table("Costs", ("", ""), [Line((COLUMNS[key].label, _shown(details, key))) for key in _COUNTS])]
    if row.status == "done":
        tables.insert(0, _results(details))
    if details.epochs:
        curves = {
            "val top-1": [e.val.top1 for e in details.epochs],
            "train loss": [e.train_loss for e in details.epochs],
        }
        lines = [Line((name, sparkline(values))) for name, values in curves.items()]
        tables.append(Table(f"{len(details.epochs)} epochs", ("", ""), lines, words=2))
    notes = [details.command] if details.command else []
    return _render(repr(details)[1:-1], [*tables[:-1], _noted(tables[-1], notes)])


def comparison_html(made: Comparison) -> str:
    """Return two runs side by side as HTML: what differs, what they measure, whether that is more than noise."""
    lines = [Line((one.key, spec_value(one.first), spec_value(one.second))) for one in made.differences]
    differs = Table("What differs", ("", "A", "B"), lines, words=3, notes=made.notes)
    heads = [_head(head, several=len(made.heads) > 1) for head in made.heads]
    return _render(repr(made)[1:-1], [differs, *heads])


def _board(board: Board, overlaps: Overlaps | None) -> Table:
    table = BoardTable.of(board, overlaps, limit=MOST)
    words = sum(column.unit == "text" for column in table.columns)
    colours = colours_of(entry.group.first.strategy for entry in board.entries)
    lines = []
    for row in table.rows:
        texts = _words_first(table, row.texts)
        place = f"{row.place}{row.mark}" if row.entry else row.mark
        colour = colours[row.entry.group.first.strategy] if row.entry else None
        lines.append(Line((*texts[:words], place, *texts[words:], row.seeds), row.pareto, colour))
    headings = _words_first(table, table.headings)
    more = len(board.entries) - MOST
    hidden = [f"... and {more:,} more; .frame() has all."] if more > 0 else []
    heads = (*headings[:words], "#", *headings[words:], "seeds")
    return Table(board.summary, heads, lines, words, [*hidden, *table.notes])


def _words_first(table: BoardTable, texts: Sequence[str]) -> list[str]:
    """Move what stands in columns of words before what stands in columns of numbers."""
    pairs = sorted(zip(table.columns, texts, strict=True), key=lambda pair: pair[0].unit != "text")
    return [text for _, text in pairs]


def _results(details: RunDetails) -> Table:
    row = details.row
    lines = [
        Line((split, *(show(getattr(row, f"{split}_{name}"), "fraction") for name in _METRICS)))
        for split in ("train", "val", "test")
    ]
    never = ", ".join(f"{COLUMNS[key].label} {show(COLUMNS[key].of(row), 'fraction')}" for key in NEVER_RANKS)
    notes = [f"At epoch {row.best_epoch}, which validation chose. Never used to choose: {never}."]
    return Table("Results", ("split", "top-1 %", "top-5 %", "macro-F1 %"), lines, notes=notes)


def _shown(details: RunDetails, key: str) -> str:
    return show(COLUMNS[key].of(details.row), COLUMNS[key].unit)


def _noted(table: Table, notes: Sequence[str]) -> Table:
    return Table(table.title, table.heads, table.lines, table.words, [*table.notes, *notes])


def _head(head: HeadComparison, *, several: bool) -> Table:
    lines = [
        Line((name, show(one, "fraction"), show(other, "fraction"), show_difference(one, other)))
        for (name, one), (_, other) in zip(measured(head.first), measured(head.second), strict=True)
    ]
    test = head.test
    told = f"{difference(test)} points, 95 % {points(test.low)} to {points(test.high)}"
    notes = [verdict(test), f"A - B on the same {test.n:,} images: {told}; McNemar mid-p {test.mid_p:.4f}."]
    title = f"On test, {head.target}" if several else "On test"
    return Table(title, ("%", "A", "B", "A - B"), lines, notes=notes)


def _render(title: str, tables: Iterable[Table]) -> str:
    template = environment().get_template("notebook.html.j2")
    return template.render(title=title, tables=list(tables), palette=PALETTE)
