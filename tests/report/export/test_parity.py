"""Terminal, page, notebook and every export say the same of a row: one test over all of them."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from board_kinds import HOSTILE, every_board
from rich.console import Console

from bench.report.board.columns import COLUMNS
from bench.report.board.layout import shown_columns
from bench.report.export.csv_text import to_csv
from bench.report.export.frames import to_frame
from bench.report.export.latex import to_latex
from bench.report.export.markdown import to_markdown
from bench.report.export.notebook import boards_html
from bench.report.export.records import BOARD_FIELDS, board_records, to_json
from bench.report.pages import Report
from bench.report.site.overview import render_single
from bench.report.terminal.board_view import board_view
from bench.units import DASH, show, show_spread

QUERIES = [{}, {"cost": "gmacs", "sort": "gmacs"}, {"cost": "standalone_s"}, {"sort": "test_top1"}]


@pytest.fixture(params=QUERIES, ids=str)
def boards(request):
    return boards_of(**request.param)


def boards_of(**asked):
    """Every board whose names keep to a line: what text forms do with the others is tested beside them."""
    made = every_board(**asked)
    found = [board for board in made if HOSTILE not in board.title]
    assert len(found) >= 2
    assert any(entry.group.ensemble for board in found for entry in board.entries)
    return found


TIMES = {column.heading for column in COLUMNS.values() if column.hardware}


def without(cells, titles):
    return {title: text for title, text in cells.items() if title not in titles}


class Tables(HTMLParser):
    """Reads the tables of a page: a list of rows of texts each, without small print and marks."""

    def __init__(self, text):
        super().__init__()
        self.tables, self._hidden, self._cell = [], 0, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = ""
        if tag in ("small", "a") or (tag == "span" and (self._hidden or ("class", "unseen") in attrs)):
            self._hidden += 1

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append(self._cell.strip())
            self._cell = None
        self._hidden -= self._hidden > 0 and tag in ("small", "a", "span")

    def handle_data(self, data):
        if self._cell is not None and not self._hidden:
            self._cell += data


def by_column(table):
    """Turn a table into {(rank, backbone, strategy): {heading: text}} of its measured rows, without marks."""
    heads, *lines = table
    found = {}
    for line in lines:
        cells = dict(zip(heads, line, strict=True))
        rank = cells["#"].replace("*", "").strip()
        if rank.isdigit():
            values = {
                name: plain(text) for name, text in cells.items() if name not in ("", "#", "runs", "backbone")
            }
            found[int(rank), cells["backbone"], cells["strategy"]] = values
    return found


def plain(text):
    """Leave out the letter of a hardware."""
    return re.sub(r" [A-Z]$", "", text)


def terminal_table(board):
    console = Console(file=io.StringIO(), width=10_000, markup=False, highlight=False)
    console.print(board_view(board, console))
    lines = [re.split(r" {2,}", line.strip()) for line in console.file.getvalue().splitlines()]
    start = next(index for index, cells in enumerate(lines) if cells[0] == "#")
    rows = lines[start + 2 : start + 2 + len(board.entries)]
    return [lines[start], *rows]


def markdown_table(text):
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [re.split(r"(?<!\\) \| ", line[2:-2]) for line in lines]
    unescaped = [[cell.replace("\\", "").strip() for cell in row] for row in cells]
    return [unescaped[0], *unescaped[2:]]


def latex_table(text):
    body = text.partition(r"\toprule")[2].partition(r"\bottomrule")[0]
    rows = [line.partition(r" \\")[0].split(" & ") for line in body.splitlines() if " & " in line]
    clean = {
        r"\textbf{": "",
        "}": "",
        "$": "",
        r"\pm": "±",
        r"\dagger": "†",
        r"\ddagger": "‡",
        r"\textendash{": DASH,
    }
    for old, new in clean.items():
        rows = [[cell.replace(old, new) for cell in row] for row in rows]
    return [[re.sub(r"\\([%#_&])", r"\1", cell).strip() for cell in row] for row in rows]


def expected(board):
    """Write the exported numbers as people read them: what every table must show."""
    records = [record for record in json.loads(to_json(board_records([board]))) if record["rank"] is not None]
    found = {}
    for record, entry in zip(records, board.entries, strict=True):
        cells = {}
        for column in shown_columns(board):
            if column.unit == "text":
                continue
            mean = record[column.key]
            std = record.get(f"{column.key}_std") if column.unit == "fraction" else None
            if column.key not in COLUMNS:  # a head's spread is no column of its own
                std = entry.group.stat(column.key).std
            cells[column.heading] = (
                show_spread(mean, std, column.unit) if std is not None else show(mean, column.unit)
            )
        found[record["rank"], record["backbone"].removeprefix("timm/"), record["strategy"]] = cells
    return found


def holds(shown, wanted):
    """Whether every wanted number is shown, of the same row under the same heading."""
    names = {(rank, name, strategy.removesuffix(" ‡")): cells for (rank, name, strategy), cells in shown.items()}
    assert set(names) == {(rank, name, strategy.removesuffix(" ‡")) for rank, name, strategy in wanted}
    for (rank, name, strategy), cells in wanted.items():
        own = names[rank, name, strategy.removesuffix(" ‡")]
        assert {title: own[title] for title in cells} == cells, (rank, name)


def test_every_number_of_the_terminal_the_notebook_and_the_exports_is_the_same(boards):
    notebook = Tables(boards_html(boards)).tables
    for board, in_notebook in zip(boards, notebook, strict=False):
        wanted = expected(board)
        assert wanted
        holds(by_column(terminal_table(board)), wanted)
        holds(by_column(in_notebook), wanted)
        holds(by_column(markdown_table(to_markdown([board]))), wanted)
        holds(by_column(latex_table(to_latex([board]))), wanted)


@pytest.mark.usefixtures("nothing_goes_wrong")
def test_every_number_of_the_page_is_that_of_the_export(visit, tmp_path):
    boards = boards_of()  # a page begins in the order of ranks: its reader sorts
    (tmp_path / "page.html").write_text(render_single(Report("Which?", boards)), encoding="utf-8")
    page = visit(tmp_path / "page.html")
    for place, board in enumerate(boards):
        if len(boards) > 1:
            page.select_option("#board", index=place)
        shown = Tables(page.locator("#table").evaluate("table => table.outerHTML")).tables[0]
        chosen = TIMES if len(board.machines) > 1 else set()  # the reader of a page chooses the hardware
        holds(by_column(shown), {key: without(cells, chosen) for key, cells in expected(board).items()})


def test_csv_frames_and_json_hold_the_same_numbers(boards):
    records = board_records(boards)
    lines = list(csv.DictReader(io.StringIO(to_csv(records, BOARD_FIELDS), newline="")))
    frame = to_frame(records, BOARD_FIELDS)
    for record, line, (_, row) in zip(records, lines, frame.iterrows(), strict=True):
        for key, value in record.items():
            if isinstance(value, float):
                assert float(line[key]) == value == row[key]
            elif value is None:
                assert line[key] == ""


def test_every_measured_row_carries_its_runs_in_every_table(boards):
    for board in boards:
        text = to_markdown([board]), to_latex([board])
        for entry in board.entries:
            ids = " ".join(run_id[:8] for run_id in entry.group.run_ids)
            assert all(ids in form for form in text)
    records = [record for record in board_records(boards) if record["rank"] is not None]
    assert all(record["run_ids"] for record in records)
