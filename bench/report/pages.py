"""The report as one HTML file: templates, data, styles, scripts and plotly.js in one, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jinja2

from bench.report.answer import Answer, accuracy, answer
from bench.report.columns import COLUMNS, NEVER_RANKS, Column
from bench.report.figures import (
    MARKS,
    PALETTE,
    X_AXES,
    Y_AXES,
    axis,
    board_figure,
    family_marks,
    strategy_colours,
)
from bench.report.groups import Group
from bench.report.html import embedded_json, environment, template_text
from bench.report.layout import board_columns, cell, heading, published_cell, seeds, short_name
from bench.report.notes import board_notes
from bench.report.overlaps import Overlaps, overlap_note
from bench.report.published import numbered
from bench.report.runs import status_text
from bench.report.tables import Board
from bench.report.units import show
from bench.store.rows import RunRow

_SCRIPTS = ("format.js", "theme.js", "ticks.js", "labels.js", "plot.js", "sortable.js", "page.js")
_ALSO = ("epochs", "latency_1_s", "stored_bytes")


@dataclass(frozen=True)
class Lost:
    """A run that is in no ranking, and why."""

    row: RunRow
    reason: str


@dataclass(frozen=True)
class Report:
    """What a report is made of. `budgets` is by dataset; of `lost_count` runs `lost` may hold a part.

    `details` says by run id where its own page is.
    """

    title: str
    boards: Sequence[Board]
    lost: Sequence[Lost] = ()
    lost_count: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    budgets: Mapping[str, str] = field(default_factory=dict)
    overlaps: Overlaps = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    filters: str = ""
    made: str = ""


@dataclass(frozen=True)
class BoardSection:
    """One board as the page shows it: `rows` and `published` hold the texts of cells in the order of `columns`."""

    board: Board
    answer: Answer | None
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]
    published: Sequence[Sequence[str]] = ()


def render(report: Report) -> str:
    """Return the whole page."""
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - slow, and only a report needs it

    sections = [_section(board, report) for board in report.boards]
    colours, marks = strategy_colours(report.boards), family_marks(report.boards)
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        sections=sections,
        colours=colours,
        marks=marks,
        palette=PALETTE,
        outlines=MARKS,
        x_axes=[axis(key) for key in X_AXES],
        y_axes=[axis(key) for key in Y_AXES],
        data=embedded_json(_data(sections, colours, marks)),
        styles=template_text("report.css"),
        scripts="\n".join(template_text(name) for name in _SCRIPTS),
        plotly_js=get_plotlyjs(),
    )


def _section(board: Board, report: Report) -> BoardSection:
    columns = board_columns(board, also=_ALSO)
    rows = [[cell(entry.group, column, board) for column in columns] for entry in board.entries]
    reply = answer(board, report.budgets.get(board.task.cut.dataset, ""))
    published = [[published_cell(row, column) for column in columns] for row in board.published]
    return BoardSection(board, reply, columns, rows, board_notes(board, report.overlaps, page=True), published)


def _data(
    sections: Sequence[BoardSection], colours: Mapping[str, int], marks: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "axes": {key: axis(key) for key in (*X_AXES, *Y_AXES)},
        "strategies": [{"name": name, "colour": index} for name, index in colours.items()],
        "families": [{"name": name, "mark": mark} for name, mark in marks.items()],
        "boards": [
            {
                **board_figure(section.board, list(colours), list(marks), section.columns),
                "columns": [{"key": c.key, "unit": c.unit, "hardware": c.hardware} for c in section.columns],
            }
            for section in sections
        ],
    }


def _environment() -> jinja2.Environment:
    made = environment()
    made.filters["accuracy"] = accuracy
    made.filters["measured"] = _measured
    made.globals.update(
        heading=heading,
        seeds=seeds,
        numbered=numbered,
        short_name=short_name,
        status_text=status_text,
        overlap_note=overlap_note,
        never_ranks=NEVER_RANKS,
    )
    return made


def _measured(group: Group, key: str) -> str:
    return show(group.stat(key).mean, COLUMNS[key].unit)
