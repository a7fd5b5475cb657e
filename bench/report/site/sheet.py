"""A table of a page as data: headings that sort it, and cells with what they show, sort by and lead to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.units import Unit, show


@dataclass(frozen=True)
class Head:
    """One column. `down` says that sorting by it begins with the greatest; `tip` explains it."""

    key: str
    title: str
    numeric: bool = False
    down: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Cell:
    """What a cell shows; `value` is what it sorts by (its text, if empty), `link` a place beside the page.

    `style` is a class of the page's styles; a `code` is set as one.
    """

    text: str
    value: str = ""
    link: str = ""
    style: str = ""
    code: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table; the first cell of a row names the row. `left_out` says what is not shown, `command` lists all."""

    name: str
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    left_out: str = ""
    command: str = ""


def number(value: float | None, unit: Unit, style: str = "") -> Cell:
    """Make the cell of a number, which sorts by what it is and not by how it is written."""
    finite = value is not None and math.isfinite(value)
    return Cell(show(value, unit), repr(value) if finite else "-", style=style)


def bounded(count: int, most: int, what: str) -> str:
    """Say what a table of `most` rows leaves out; empty where it shows all."""
    return f"The first {most:,} of {count:,} {what} are shown" if count > most else ""
