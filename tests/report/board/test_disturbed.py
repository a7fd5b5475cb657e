"""No row wins a front on time by a quieter machine."""

from __future__ import annotations

import pytest
from plausible_runs import MODELS, done_row

from bench.report.board.board_table import BoardTable
from bench.report.board.columns import COLUMNS
from bench.report.board.notes import board_notes
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.export.frames import run_frame, to_frame
from bench.report.export.fronts import pareto
from bench.report.export.records import BOARD_FIELDS, board_records
from bench.report.pages import Report
from bench.report.run.numbers import conditions_text
from bench.report.site.overview import render_single

SMALL, MIDDLE, LARGE = sorted(MODELS[:3], key=lambda model: model.gmacs)


def falling_load():
    """Three backbones swept while the load fell: the largest, trained last and alone, took the shortest time."""
    return [
        done_row(SMALL, val_top1=0.90, standalone_s=233.0, disturbed=True, load=1.9, slowdown=2.9),
        done_row(MIDDLE, val_top1=0.91, standalone_s=180.0, disturbed=True, load=1.1, slowdown=1.6),
        done_row(LARGE, val_top1=0.92, standalone_s=82.0, disturbed=False, load=0.02, slowdown=1.02),
    ]


def stars(rows, cost="standalone_s"):
    (board,) = leaderboard(rows, Query(cost=cost))
    return [entry.group.first.backbone for entry in board.entries if entry.pareto]


def test_a_disturbed_time_is_on_no_front_and_keeps_no_row_off_it():
    rows = falling_load()
    assert stars(rows) == [LARGE.name], "the only one that was timed undisturbed"
    rows[2] = rows[2]._replace(disturbed=True)
    assert stars(rows) == []
    quick = [rows[0]._replace(disturbed=True, standalone_s=1.0, val_top1=0.99), rows[1]._replace(disturbed=False)]
    assert stars(quick) == [MIDDLE.name], "a disturbed time does not beat it either"


def test_other_costs_do_not_care():
    rows = falling_load()
    assert stars(rows, "gmacs") == stars([row._replace(disturbed=None) for row in rows], "gmacs")


@pytest.mark.parametrize("key", ["standalone_s", "train_s", "cpu_s", "latency_1_s"])
def test_times_that_were_disturbed_are_marked(key):
    (board,) = leaderboard([row._replace(cpu_s=12.0) for row in falling_load()], Query())
    rows = BoardTable(board, [COLUMNS[key], COLUMNS["peak_memory_bytes"]]).rows
    cells = {row.entry.group.first.backbone: row.texts[0] for row in rows}
    assert [cells[model.name].startswith("~") for model in (SMALL, MIDDLE, LARGE)] == [True, True, False]
    assert not any(row.texts[1].startswith("~") for row in rows)


def test_the_answer_of_a_page_marks_its_times_as_the_table_does():
    (disturbed,) = leaderboard([done_row(SMALL, standalone_s=233.0, disturbed=True)], Query())
    assert "<dt>to train, alone</dt><dd>~3.88 min</dd>" in render_single(Report("t", [disturbed]))
    (quiet,) = leaderboard([done_row(SMALL, standalone_s=233.0, disturbed=False)], Query())
    assert "<dt>to train, alone</dt><dd>3.88 min</dd>" in render_single(Report("t", [quiet]))


def test_a_note_counts_them_and_names_a_cost_that_compares():
    (board,) = leaderboard(falling_load(), Query())
    said = "\n".join(board_notes(board))
    assert "~ Disturbed: the times of 2 of 3 rows" in said
    assert "`--cost train_gmacs`" in said
    (quiet,) = leaderboard([done_row(disturbed=False)], Query())
    assert "Disturbed" not in "\n".join(board_notes(quiet))
    (old,) = leaderboard([done_row(disturbed=None)], Query())
    assert "Disturbed" not in "\n".join(board_notes(old))


def test_of_several_seeds_the_undisturbed_ones_make_the_mean():
    rows = [
        done_row(seed=0, standalone_s=300.0, disturbed=True),
        done_row(seed=1, standalone_s=100.0, disturbed=False),
        done_row(seed=2, standalone_s=110.0, disturbed=False),
    ]
    (board,) = leaderboard(rows, Query())
    (entry,) = board.entries
    assert entry.group.stat("standalone_s").mean == 105.0
    assert entry.group.stat("test_top1").n == 3
    assert not entry.group.is_disturbed("standalone_s")


def test_exported_rows_say_it_and_a_front_of_them_leaves_disturbed_times_out():
    rows = falling_load()
    records = board_records(leaderboard(rows, Query()))
    assert {record["backbone"]: record["disturbed"] for record in records} == {
        SMALL.name: True, MIDDLE.name: True, LARGE.name: False
    }  # fmt: skip
    for frame in (run_frame(rows), to_frame(records, BOARD_FIELDS)):
        assert list(pareto(frame, "standalone_s")["backbone"]) == [LARGE.name]
        assert SMALL.name in set(pareto(frame, "gmacs")["backbone"])


def test_the_conditions_of_a_run_are_written_out():
    row = done_row(load=1.9, slowdown=2.9, disturbed=True)
    assert conditions_text(row) == (
        "1.90 cores busy with other work, computing 2.90 times slower than at best: disturbed"
    )
    assert conditions_text(done_row(load=None, slowdown=None)) == ""
