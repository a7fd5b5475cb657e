"""Boards and views of joint runs: each head beside the mean, whatever the targets are called."""

from __future__ import annotations

import csv
import io
import json

import pytest
from plausible_runs import MODELS, done_row
from rich.console import Console

from bench.report.board.layout import shown_columns
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.export.csv_text import to_csv
from bench.report.export.markdown import to_markdown
from bench.report.export.records import board_records, to_json
from bench.report.pages import Report
from bench.report.site.overview import render_single
from bench.report.terminal.board_view import board_view
from bench.report.terminal.heads_view import heads_view
from bench.store.rows import ContradictionCount, HeadRow, RunHeads


def heads(fine, coarse, share, names=("fine", "coarse")):
    rows = [
        HeadRow(name, split, classes, top1, 0.99, 0.3, top1, n, top1 - 0.01)
        for name, classes, top1 in ((names[0], 100, fine), (names[1], 20, coarse))
        for split, n in (("val", 300), ("test", 1000))
    ]
    return RunHeads(
        tuple(rows), tuple(ContradictionCount(s, *names, share, n) for s, n in (("val", 300), ("test", 1000)))
    )


def joint_board(names=("fine", "coarse"), **query):
    rows = [done_row(MODELS[0], seed=seed, target="+".join(names), num_classes=120) for seed in (0, 1)]
    known = {row.run_id: heads(0.8 + 0.02 * row.seed, 0.9, 0.125, names) for row in rows}
    (board,) = leaderboard(rows, Query(**query), heads=known)
    return board


def text_of(view, width=200):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(view(console))
    return console.export_text()


def test_a_board_of_joint_runs_shows_each_heads_test_accuracy_and_the_contradictions():
    text = text_of(lambda console: board_view(joint_board(), console))
    header, row = (next(line for line in text.splitlines() if word in line) for word in ("fine test %", "lite1"))
    cells = [header.index(title) + len(title) for title in ("fine test %", "coarse test %", "contradict %")]
    assert [row[:end].split("  ")[-1].strip() for end in cells] == ["81.0 ± 1.4", "90.0 ± 0.0", "12.5 ± 0.0"]
    assert "120 classes of 2 targets" in text
    assert "means over the heads fine (100 classes) and coarse (20 classes)" in text
    assert "how often the fine class is not in the coarse group" in text


def test_records_hold_each_head_on_val_and_test():
    (record,) = board_records([joint_board()])
    assert record["head_fine_test_top1"] == record["head_fine_val_top1"] == pytest.approx(0.81)
    assert record["contradiction_fine_coarse_test"] == 0.125
    assert json.loads(to_json([record]))[0]["head_coarse_val_top1"] == 0.9
    (row,) = csv.DictReader(io.StringIO(to_csv([record])))
    assert float(row["head_coarse_test_top1"]) == 0.9


def test_an_ordinary_board_is_as_it_was_with_joint_runs_in_the_database():
    rows = [done_row(model) for model in MODELS[:3]]
    known = {"f" * 64: heads(0.8, 0.9, 0.1)}
    assert board_records(leaderboard(rows, Query(), heads=known)) == board_records(leaderboard(rows, Query()))
    (board,) = leaderboard(rows, Query(), heads=known)
    assert [column.key for column in shown_columns(board) if column.key.startswith(("head_", "contra"))] == []


def test_targets_are_found_in_any_order_and_alone_are_another_board():
    rows = [done_row(MODELS[0], target="fine+coarse"), done_row(MODELS[1], target="fine")]
    assert [b.task.cut.target for b in leaderboard(rows, Query(target="coarse + fine"))] == ["fine+coarse"]
    assert [b.task.cut.target for b in leaderboard(rows, Query(target="fine"))] == ["fine"]


def test_runs_of_other_groups_under_one_name_never_share_a_board():
    rows = [done_row(model, target="kind", class_groups=g * 64) for model, g in zip(MODELS, "ab", strict=False)]
    titles = [board.title for board in leaderboard(rows, Query())]
    assert len(titles) == 2
    assert all(f"groups {g * 8}" in title for g, title in zip("ab", titles, strict=True))


def test_contradictions_of_several_pairs_each_have_a_column():
    rows = [done_row(MODELS[0], target="a+b+c")]
    metrics = tuple(HeadRow(name, "test", 9, 0.5, 0.5, 1.0, 0.5, 10) for name in "abc")
    pairs = tuple(ContradictionCount("test", *pair, 0.25, 10) for pair in ("ab", "ac"))
    (board,) = leaderboard(rows, Query(), heads={rows[0].run_id: RunHeads(metrics, pairs)})
    titles = [column.title for column in shown_columns(board)]
    assert {"a against b %", "a against c %"} < set(titles)
    assert "of a is" not in text_of(lambda console: board_view(board, console))


def test_the_page_and_markdown_take_targets_of_any_name():
    names = ("<b>x</b>|y", "k_1")
    board = joint_board(names)
    page = render_single(Report(title="t", boards=[board]))
    assert "test top-1, the mean of its heads, " in page
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "&lt;b>x&lt;/b>\\|y test %" in to_markdown([board])


def test_the_heads_of_a_run_are_listed_with_the_contradictions():
    text = text_of(lambda _: heads_view(heads(0.8, 0.9, 0.125)))
    lines = [line.split() for line in text.splitlines()]
    assert ["fine", "test", "100", "80.0", "99.0", "80.0", "79.0", "0.3000", "1,000"] in lines
    assert "the fine class is not in the coarse group on 12.5 % of 300 val images and 12.5 % of 1,000" in text


def test_a_head_without_a_finite_number_shows_a_dash():
    row = HeadRow("fine", "val", 3, None, None, None, None, 9)
    text = text_of(lambda _: heads_view(RunHeads((row,), (ContradictionCount("val", "fine", "kind", None, 9),))))
    assert "nan" not in text.lower()
    assert heads_view(RunHeads()) is None
