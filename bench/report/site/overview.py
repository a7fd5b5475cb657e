"""The overview: the answer, the Pareto explorer with its leaderboard, trade-offs, what has no result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.report.board.answer import Answer, accuracy, answer
from bench.report.board.board_table import BoardTable, cell_of
from bench.report.board.columns import COLUMNS
from bench.report.board.groups import Group
from bench.report.board.layout import short_name
from bench.report.board.overlaps import overlap_note
from bench.report.board.tables import Board
from bench.report.board.tradeoff_words import faster, fewer, points, tradeoff_sentence
from bench.report.board.tradeoffs import Tradeoff, most_telling, tradeoffs
from bench.report.html import embedded_json
from bench.report.pages import Report
from bench.report.plots.figures import X_AXES, Y_AXES, axis, family_marks, strategy_colours
from bench.report.run.runs import status_text
from bench.report.site.board_data import BUDGETS, ERRORS, Legend, board_data, error_axis, page_data
from bench.report.site.crowd import Listed, list_rows, room_for
from bench.report.site.folder import Page, SiteFolder, address
from bench.report.site.material import COMPARE, OVERVIEW, Material, run_page
from bench.report.site.shell import Made, Shell, render_page

TEMPLATE, DATA = "overview.html.j2", "overview"
SCRIPTS = (
    "format.js", "theme.js", "follow.js", "ticks.js", "labels.js", "sortable.js", "overview_data.js", "pareto.js",
    "choice.js", "rows_shown.js", "plot.js", "budget.js", "board_table.js", "row_detail.js", "controls.js",
    "tradeoffs.js", "overview.js",
)  # fmt: skip
_ALSO = ("epochs", "latency_1_s", "stored_bytes")


@dataclass(frozen=True)
class BoardSection:
    """What the page says of one board, but for its rows; `place` counts boards from 0."""

    place: int
    board: Board
    table: BoardTable
    listed: Listed
    answer: Answer | None
    notes: Sequence[str]
    trades: Sequence[Tradeoff]
    telling: str


def write_overview(site: SiteFolder, material: Material) -> None:
    """Write the site's first page, with its data beside it."""
    report = material.report
    links = {row.run_id: address(run_page(row.run_id)) for row in material.detailed}
    context, data = _context(report, links, compare=COMPARE if links else "")
    page = Page(OVERVIEW, report.title, "Overview", TEMPLATE, context)
    if report.boards:
        site.data(DATA, data)
        page = replace(page, scripts=SCRIPTS, data=(DATA,), plots=True)
    site.page(page)


def render_single(report: Report, version: str = "", command: str = "") -> str:
    """Return the overview as one page, whole in itself: it links to nothing."""
    context, data = _context(report, {})
    scripts, made = SCRIPTS if report.boards else (), Made(report.made, version, command)
    shell = Shell(report.title, scripts=scripts, plots=bool(report.boards), inline=True, made=made)
    return render_page(TEMPLATE, shell, {**context, "data": embedded_json(data)})


def _context(
    report: Report, links: Mapping[str, str], *, compare: str = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the template is given, and the data of its scripts."""
    legend = Legend(strategy_colours(report.boards), family_marks(report.boards))
    room = room_for(report.boards)
    sections = [_section(place, board, report, legend, room) for place, board in enumerate(report.boards)]
    boards = [_board(section, legend, links) for section in sections]
    context = {
        "report": report,
        "sections": sections,
        "colours": legend.colours,
        "marks": legend.marks,
        "shares": [*map(axis, Y_AXES), *map(error_axis, ERRORS)],
        "x_axes": [axis(key) for key in X_AXES],
        "budgets": [axis(key) for key in BUDGETS],
        "compare": compare,
        "accuracy": accuracy,
        "measured": _measured,
        "points": points,
        "fewer": fewer,
        "faster": faster,
        "short_name": short_name,
        "status_text": status_text,
        "overlap_note": overlap_note,
    }
    return context, page_data(boards, legend, compare=compare)


def _section(place: int, board: Board, report: Report, legend: Legend, room: int) -> BoardSection:
    listed, trades = list_rows(board, legend, room), tradeoffs(board)
    telling = most_telling(trades)
    table = BoardTable.of(board, report.overlaps, also=_ALSO, page=True)
    return BoardSection(
        place=place,
        board=board,
        table=table,
        listed=listed,
        answer=answer(board, report.budgets.get(board.task.cut.dataset, ""), report.find_val),
        notes=[*table.notes, *([listed.note(len(board.entries))] if listed.places is not None else [])],
        trades=trades,
        telling=tradeoff_sentence(telling) if telling else "",
    )


def _board(section: BoardSection, legend: Legend, links: Mapping[str, str]) -> dict[str, Any]:
    data = board_data(section.table, legend, links, section.listed.places)
    return data | {"density": section.listed.density}


def _measured(group: Group, key: str) -> str:
    return cell_of(group, COLUMNS[key]).text
