"""Accuracy against cost on a terminal: a mark and a colour per strategy, the front as a line, axes with units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from rich.console import Console, Group, RenderableType
from rich.text import Text

from bench.report.board.notes import out_of_view
from bench.report.plots.figures import colours_of
from bench.report.plots.scatter import Scatter, View
from bench.report.plots.ticks import ticks
from bench.report.terminal.colours import strategy_style

MARKS, ASCII_MARKS = "●■◆▲▼★✚◖", "o#x@%&sz"
"""A strategy's mark, by its place in the palette; what tells strategies apart without colour."""

MOST_WIDE, ROWS = 110, 15
LINES = ROWS + 7
"""How many lines a plot takes: the grid, its axes, a legend of a line or two, and gaps."""

_OPEN, _ASCII_OPEN = "○", "."


class Pen(NamedTuple):
    """The characters that lines are drawn with."""

    flat: str
    upright: str
    up: str  # from the left, upwards
    right: str  # from below, to the right
    down: str  # from the left, downwards
    again: str  # from above, to the right
    tick: str
    foot: str
    corner: str


_PEN = Pen("─", "│", "┘", "┌", "┐", "└", "┤", "┴", "└")
_ASCII_PEN = Pen("-", "|", "+", "+", "+", "+", "+", "+", "+")

Cells = dict[tuple[int, int], tuple[str, str]]
"""(row from the top, column) -> a character and its style."""


def scatter_view(shown: Scatter, console: Console) -> RenderableType:
    """Draw points in at most the terminal's width; a terminal without UTF-8 gets ASCII."""
    plain = console.options.ascii_only
    colours = colours_of(point.strategy for point in shown.points)
    heights = dict(_rows(ticks(shown.y.column.unit, shown.y.scaling, shown.y.reach, 5)[::-1], shown.y))
    gutter = max((len(text) for text in heights.values()), default=0)
    columns = min(console.width, MOST_WIDE) - gutter - 2
    cells = _front(shown, columns, _ASCII_PEN if plain else _PEN)
    styles = {name: strategy_style(index, console) for name, index in colours.items()}
    cells |= _points(shown, columns, colours, styles, plain=plain)
    lines = [Text(shown.y.column.label, style="dim")]
    lines += [_line(cells, row, columns, heights.get(row, ""), gutter, plain=plain) for row in range(ROWS)]
    lines += _foot(shown.x, columns, gutter, plain=plain)
    hidden = [Text(note, style="dim") for note in out_of_view(shown)]
    return Group(
        *lines, _legend(colours, styles, console.width, plain=plain, published=bool(shown.published)), *hidden
    )


def _place(value: float, reach: tuple[float, float], cells: int) -> int:
    low, high = reach
    return round((value - low) / (high - low) * (cells - 1))


def _row(height: float, view: View) -> int:
    return ROWS - 1 - _place(height, view.reach, ROWS)


def _rows(marked: Iterable[tuple[float, str]], view: View) -> Iterable[tuple[int, str]]:
    return ((_row(at, view), text) for at, text in marked)


def _front(shown: Scatter, columns: int, pen: Pen) -> Cells:
    """Draw the steps of the front: along each tread, then up or down its rise."""
    cells: Cells = {}
    corners = [(_place(at, shown.x.reach, columns), _row(height, shown.y)) for at, height in shown.steps]
    for (left, start), (right, end) in pairwise(corners):
        for column in range(left, right + 1):
            cells[start, column] = pen.flat, ""
        if start != end:
            low, high = sorted((start, end))
            for row in range(low + 1, high):
                cells[row, left] = pen.upright, ""
            cells[start, left] = (pen.up if end < start else pen.down), ""
            cells[end, left] = (pen.right if end < start else pen.again), ""
    return {place: cell for place, cell in cells.items() if 0 <= place[0] < ROWS}


def _points(
    shown: Scatter, columns: int, colours: Mapping[str, int], styles: Mapping[str, str], *, plain: bool
) -> Cells:
    """Place each point; where several fall together, one of the front is seen, else the best."""
    marks, cells = ASCII_MARKS if plain else MARKS, Cells()
    for point in sorted(shown.published, key=lambda point: point.y):
        at = _row(point.y, shown.y), _place(shown.x.scaling.at(point.x), shown.x.reach, columns)
        cells[at] = (_ASCII_OPEN if plain else _OPEN), ""
    for point in sorted(shown.points, key=lambda point: (point.front, point.y)):
        index = colours[point.strategy]
        at = _row(point.y, shown.y), _place(shown.x.scaling.at(point.x), shown.x.reach, columns)
        bold = "bold " if point.front else ""
        cells[at] = marks[index % len(marks)], bold + styles[point.strategy]
    return {place: cell for place, cell in cells.items() if 0 <= place[0] < ROWS}


def _line(cells: Cells, row: int, columns: int, label: str, gutter: int, *, plain: bool) -> Text:
    pen = _ASCII_PEN if plain else _PEN
    line = Text.assemble((f"{label:>{gutter}} {pen.tick if label else pen.upright}", "dim"))
    for column in range(columns):
        char, style = cells.get((row, column), (" ", ""))
        line.append(char, style)
    line.rstrip()
    return line


def _foot(view: View, columns: int, gutter: int, *, plain: bool) -> list[Text]:
    """Draw the axis below with its ticks, their texts where they do not run together, and its name."""
    pen = _ASCII_PEN if plain else _PEN
    rule, texts, end = [pen.flat] * columns, [" "] * columns, -1
    for at, text in ticks(view.column.unit, view.scaling, view.reach, max(2, columns // 9)):
        place = _place(at, view.reach, columns)
        rule[place] = pen.foot
        first = max(0, min(place - len(text) // 2, columns - len(text)))
        if first > end:
            texts[first : first + len(text)] = text
            end = first + len(text)
    name = view.column.label + (", log scale" if view.scaling.log else "")
    left = " " * (gutter + 1)
    return [
        Text(left + pen.corner + "".join(rule), style="dim"),
        Text(f"{left} {''.join(texts)}".rstrip(), style="dim"),
        Text(f"{left} {name:^{columns}}".rstrip()[: gutter + 2 + columns], style="dim"),
    ]


def _legend(
    colours: Mapping[str, int], styles: Mapping[str, str], width: int, *, plain: bool, published: bool
) -> Text:
    marks, pen = (ASCII_MARKS, _ASCII_PEN) if plain else (MARKS, _PEN)
    parts = [
        Text.assemble((marks[index % len(marks)], styles[name]), f" {' '.join(name.split())}")
        for name, index in colours.items()
    ]
    parts += [Text(f"{_ASCII_OPEN if plain else _OPEN} published")] * published
    line, used = Text(), 0
    for part in (*parts, Text(f"{pen.flat * 2} Pareto front, by validation")):
        if used and used + 3 + len(part) > width:
            line.append("\n")
            used = 0
        line.append_text(Text("   ") + part if used else part)
        used += len(part) + 3 * bool(used)
    return line
