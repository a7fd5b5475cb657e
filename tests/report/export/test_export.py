import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.export.csv_text import to_csv
from bench.report.export.markdown import to_markdown
from bench.report.export.records import board_records, to_json


def boards(rows, **query):
    return leaderboard(rows, Query(**query))


def cells(text):
    return list(csv.reader(io.StringIO(text)))


def test_json_holds_every_row_with_exact_numbers():
    rows = [done_row(MODELS[0], seed=seed) for seed in range(3)] + [done_row(MODELS[1])]
    records = json.loads(to_json(board_records(boards(rows))))
    assert [record["rank"] for record in records] == [1, 2]
    assert records[0]["seeds"] == 3
    assert records[0]["val_top1"] == pytest.approx(sum(row.val_top1 for row in rows[:3]) / 3, rel=1e-15)
    assert records[0]["trainable_params"] == rows[0].trainable_params
    assert records[1]["val_top1_std"] is None
    assert records[0]["run_ids"] == [row.run_id for row in rows[:3]]


def test_a_row_says_all_that_makes_its_board_a_board_of_its_own():
    rows = [
        done_row(MODELS[0]),
        done_row(MODELS[1])._replace(subset="train=100", val_fraction=0.2, split_seed=3, class_groups="ab" * 32),
    ]
    records = board_records(boards(rows))
    parts = ("subset", "val_fraction", "split_seed", "class_groups", "protocol", "val_n", "test_n")
    for row in rows:
        (found,) = [record for record in records if record["run_ids"] == [row.run_id]]
        assert [found[part] for part in parts] == [getattr(row, part) for part in parts]


def test_a_row_that_ran_on_several_hardwares_has_no_time():
    rows = [done_row(seed=0, hardware=CPU), done_row(seed=1, hardware=GPU)]
    (record,) = board_records(boards(rows))
    assert record["standalone_s"] is None
    assert record["hardware"] == f"{CPU} | {GPU}"


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\r=1", "=HYPERLINK('x')"])
def test_a_cell_that_a_spreadsheet_would_compute_becomes_text(name):
    text = to_csv([{"name": name}])
    assert cells(text)[1] == ["'" + name.replace("\r", "\n")]


@pytest.mark.parametrize("value", [-1.5, "-1.5", "+3e4", -2])
def test_a_number_stays_a_number(value):
    assert cells(to_csv([{"value": value}]))[1] == [str(value)]


@given(st.dictionaries(st.sampled_from("abc"), st.text(), min_size=1))
def test_no_cell_begins_like_a_formula_unless_it_is_a_number(record):
    body = to_csv([record]).split("\n", 1)[1]
    for cell in next(csv.reader(io.StringIO(body, newline="")), []):
        if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
            float(cell)


def test_commas_quotes_and_lines_come_back_from_csv_as_they_were():
    name = 'a,"b"\nc'
    assert cells(to_csv([{"name": name, "n": 1}])) == [["name", "n"], [name, "1"]]


def test_no_rows_are_an_empty_list_and_an_empty_table():
    assert json.loads(to_json(board_records([]))) == []
    assert to_csv([]).strip() == ""


def test_markdown_escapes_what_would_break_its_table():
    row = done_row(backbone="timm/a|b_c*d<script>\ne", dataset="x|y")
    text = to_markdown(boards([row]))
    assert r"a\|b\_c\*d&lt;script> e" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    widths = {line.replace(r"\|", "").count("|") for line in lines}
    assert len(lines) == 3
    assert len(widths) == 1


def test_markdown_marks_pareto_rows_and_says_what_never_ranks():
    text = to_markdown(boards([done_row(MODELS[0]), done_row(MODELS[3], "full", val_top1=0.1)]))
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert [r"| \* |" in row for row in rows] == [True, False]
    assert "† Never used to rank" in text
    assert "† |" in text
