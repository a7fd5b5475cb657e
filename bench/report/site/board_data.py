"""What the overview's scripts are given of a board: its rows column by column, words as places in lists of words.

Numbers are in full, because the browser decides anew what is on the front of the rows that a reader keeps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from bench.report.board.board_table import BoardTable, Row, cell_of
from bench.report.board.columns import COLUMNS, Column
from bench.report.board.groups import Group
from bench.report.board.layout import short_name
from bench.report.board.rows import family, named_family
from bench.report.board.tables import Published
from bench.report.plots.figures import X_AXES, Y_AXES, axis

ERRORS = {"test_error": "test_top1", "val_error": "val_top1"}
"""An axis of errors -> the accuracy that it is one less."""

BUDGETS = ("total_params", "trainable_params", "trainable_backbone_params", "gmacs", "train_gmacs")
"""What a reader can limit: known before training, as in `bench sweep --budget`."""


@dataclass(frozen=True)
class Legend:
    """What colours and marks mean on every board: strategy -> place in the palette, family -> name of a mark."""

    colours: Mapping[str, int]
    marks: Mapping[str, str]


def page_data(boards: Sequence[dict[str, Any]], legend: Legend, *, compare: str = "") -> dict[str, Any]:
    """Return the data of the page; `compare` is where a comparison of chosen runs is shown, if anywhere."""
    return {
        "axes": {key: axis(key) for key in (*Y_AXES, *X_AXES)} | {key: error_axis(key) for key in ERRORS},
        "budgets": BUDGETS,
        "strategies": [{"name": name, "colour": index} for name, index in legend.colours.items()],
        "families": [{"name": name, "mark": mark} for name, mark in legend.marks.items()],
        "boards": boards,
        "compare": compare,
    }


def error_axis(key: str) -> dict[str, Any]:
    """Describe an axis of errors: one less an accuracy."""
    of = axis(ERRORS[key])
    return of | {"key": key, "label": of["label"].replace("top-1", "error"), "log": True, "of": ERRORS[key]}


def board_data(
    table: BoardTable,
    legend: Legend,
    links: Mapping[str, str],
    kept: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Return a board's rows, in the order of its entries, or of those at the places `kept`.

    `links` leads from a run's id to its page.
    """
    board, columns = table.board, table.columns
    entries = board.entries if kept is None else [board.entries[place] for place in kept]
    groups, machines = [entry.group for entry in entries], list(board.machines)
    numbers = [column.key for column in columns if column.unit != "text"]
    exact = (*Y_AXES, *X_AXES)
    return {
        "title": board.title,
        "cost": board.cost.key,
        "machines": machines,
        "disturbed": [_disturbed(groups, machine) for machine in machines],
        "columns": [_column(column) for column in columns],
        "words": {
            column.key: listed(cell_of(group, column).text for group in groups)
            for column in columns
            if column.unit == "text"
        },
        "weights": listed(group.first.weights_tag or group.first.weights_source for group in groups),
        "strategies": [list(legend.colours).index(group.first.strategy) for group in groups],
        "families": [list(legend.marks).index(family(group.first)) for group in groups],
        "ranks": [entry.rank for entry in entries],
        "seeds": [group.seeds for group in groups],
        "lost": [group.lost for group in groups],
        "values": {
            key: _values(groups, key, machines, exact=key in exact) for key in dict.fromkeys((*exact, *numbers))
        },
        "spreads": {key: [_short(group.stat(key).std) for group in groups] for key in _spread(columns)},
        "runs": _runs(groups, links),
        "published": [
            _published(row, one, legend) for row, one in zip(table.published, board.published, strict=True)
        ],
        "rows": len(board.entries),
    }


def listed(words: Iterable[str]) -> dict[str, list[Any]]:
    """Write words as a list of the different ones, and the place in it of each."""
    places: dict[str, int] = {}
    of = [places.setdefault(word, len(places)) for word in words]
    return {"names": list(places), "of": of}


def _column(column: Column) -> dict[str, Any]:
    return {
        "key": column.key,
        "heading": column.heading,
        "label": column.label + (", never used to rank" if column.never_ranks else ""),
        "unit": column.unit,
        "hardware": column.hardware,
        "timed": column.timed,
        "never": column.never_ranks,
    }


def _spread(columns: Iterable[Column]) -> list[str]:
    """Name the columns that are shown with a spread: accuracies and other shares."""
    return list(dict.fromkeys((*Y_AXES, *(column.key for column in columns if column.unit == "fraction"))))


def _values(groups: Sequence[Group], key: str, machines: Sequence[str], *, exact: bool) -> list[Any]:
    """Return a mean per group; of what depends on hardware, such a list per hardware."""
    write = number if exact else _short
    if key not in COLUMNS or not COLUMNS[key].hardware:  # a head's own column is in no list
        return [write(group.val if key == "val_top1" else group.mean(key)) for group in groups]
    return [[write(group.mean(key, machine)) for group in groups] for machine in machines]


def _disturbed(groups: Sequence[Group], machine: str) -> list[int]:
    """Return the places of the groups whose times on a hardware were disturbed."""
    return [place for place, group in enumerate(groups) if group.is_disturbed("standalone_s", machine)]


def _runs(groups: Sequence[Group], links: Mapping[str, str]) -> list[list[list[Any]]]:
    """Return of each group the runs that have a page: seed, id and where the page lies."""
    if not links:
        return []
    return [
        [[row.seed, row.run_id[:16], links[row.run_id]] for row in group.rows if row.run_id in links]
        for group in groups
    ]


def _published(row: Row, one: Published, legend: Legend) -> dict[str, Any]:
    """Return a published row: on no front, with its cells as its source prints them."""
    families, own = list(legend.marks), named_family(one.backbone)
    keys = [key for key in (*Y_AXES, *X_AXES) if key in one.values]
    return {
        "backbone": short_name(one.backbone),
        "method": one.method,
        "family": families.index(own) if own in families else None,
        "label": one.label,
        "told": wrap(one.footnote, 72),
        "cells": row.texts,
        "values": {key: number(one.values[key]) for key in keys},
    }


def number(value: float | None) -> float | int | None:
    """Write a number as short as it can be without losing anything; what is not finite is None."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else float(value)


def _short(value: float | None) -> float | int | None:
    """Keep seven digits: what is shown and decides nothing."""
    found = number(value)
    return float(f"{found:.7g}") if isinstance(found, float) else found
