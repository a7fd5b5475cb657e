"""What plots have in common: their axes, the colours of strategies and the marks of families."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bench.report.board.columns import COLUMNS
from bench.report.board.rows import family
from bench.report.board.tables import Board

Y_AXES = ("test_top1", "val_top1")
X_AXES = (
    "trainable_params",
    "trainable_backbone_params",
    "total_params",
    "gmacs",
    "train_gmacs",
    "standalone_s",
    "epochs",
    "latency_1_s",
    "latency_batched_s",
    "peak_memory_bytes",
    "stored_bytes",
)


class Colour(NamedTuple):
    """A strategy's colour on light and on dark ground, told apart by the colour-blind (after Okabe and Ito)."""

    light: str
    dark: str


PALETTE = (
    Colour("#0072b2", "#56b4e9"),
    Colour("#d55e00", "#ff8f4a"),
    Colour("#00875f", "#2cc59b"),
    Colour("#454a50", "#e6e8eb"),
    Colour("#b5478c", "#e59bc8"),
    Colour("#a87900", "#f0c53a"),
    Colour("#5b4bc4", "#a99df5"),
    Colour("#8c3b2a", "#d98b78"),
)
_FIRST_CHOICE = ("linear", "last_blocks", "full", "scratch", "norm", "neck", "bitfit", "freeze_first")
"""Whose colour is whose, so that a strategy looks the same in every report."""

MARKS = {
    "circle": "M12 6A6 6 0 1 1 0 6A6 6 0 1 1 12 6Z",
    "square": "M.7 .7H11.3V11.3H.7Z",
    "diamond": "M6 -.8L12.8 6L6 12.8L-.8 6Z",
    "triangle-up": "M6 0L12.4 11.4H-.4Z",
    "cross": "M4 0H8V4H12V8H8V12H4V8H0V4H4Z",
    "triangle-down": "M6 12L-.4 .6H12.4Z",
    "x": "M3 0L6 3L9 0L12 3L9 6L12 9L9 12L6 9L3 12L0 9L3 6L0 3Z",
    "pentagon": "M6 -.4L12.4 4.4L10 12H2L-.4 4.4Z",
    "star": "M6 -.6L7.7 4.2H12.6L8.7 7.2L10.1 12L6 9.1L1.9 12L3.3 7.2L-.6 4.2H4.3Z",
    "hexagon": "M6 -.4L11.6 2.8V9.2L6 12.4L.4 9.2V2.8Z",
    "hourglass": "M.6 .3H11.4L6 6L11.4 11.7H.6L6 6Z",
    "bowtie": "M.3 .6V11.4L6 6L11.7 11.4V.6L6 6Z",
}
"""plotly's name of a mark -> its outline in a box of 12 x 12, for legends and tables; a family each."""


def strategy_colours(boards: Iterable[Board]) -> dict[str, int]:
    """Give each strategy of the boards a colour."""
    return _coloured([{entry.group.first.strategy for entry in board.entries} for board in boards])


def family_marks(boards: Iterable[Board]) -> dict[str, str]:
    """Give each family of the boards a mark."""
    return marks_of(family(entry.group.first) for board in boards for entry in board.entries)


def colours_of(strategies: Iterable[str]) -> dict[str, int]:
    """Give each strategy of one board a colour of the palette: its own where that is free, else the next."""
    return _coloured([set(strategies)])


def _coloured(boards: Sequence[set[str]]) -> dict[str, int]:
    """Colour the strategies of several boards: with more than there are colours, alike only on different boards.

    On a board with more strategies than colours, colours repeat.
    """
    names = sorted(set().union(*boards), key=_preference)
    reserved, every = {_preference(name)[0] for name in names}, range(len(PALETTE))
    taken: dict[str, int] = {}
    for name in names:
        own = _preference(name)[0]
        beside = {taken[other] for board in boards if name in board for other in board & taken.keys()}
        free = [i for i in every if i not in taken.values()] or [i for i in every if i not in beside]
        spare = [i for i in free if i not in reserved] or free or [len(taken) % len(PALETTE)]
        taken[name] = own if own in free else spare[0]
    return taken


def marks_of(families: Iterable[str]) -> dict[str, str]:
    """Give each family a mark, the most frequent ones first; with more families than marks, marks repeat."""
    counted = Counter(families)
    names = sorted(counted, key=lambda name: (-counted[name], name))
    marks = list(MARKS)
    return {name: marks[index % len(marks)] for index, name in enumerate(names)}


def axis(key: str) -> dict[str, Any]:
    """Describe an axis: its label, how its numbers are written, and whether it is logarithmic at first."""
    column = COLUMNS[key]
    return {
        "key": key,
        "label": column.name,
        "unit": column.unit,
        "log": column.log,
        "hardware": column.hardware,
        "timed": column.timed,
    }


def _preference(strategy: str) -> tuple[int, str]:
    base = strategy.partition("(")[0].partition("+")[0]
    place = _FIRST_CHOICE.index(base) if base in _FIRST_CHOICE else len(_FIRST_CHOICE)
    return place, strategy
