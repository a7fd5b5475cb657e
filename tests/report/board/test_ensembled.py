"""Ensembles on boards: ranked by validation among the runs, told apart from them, filtered as one model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from board_kinds import ensemble
from plausible_runs import CPU, GPU, MODELS, done_row, record_done, typical_runs

from bench.records.ensembles import Ensemble
from bench.records.runs import TestMetrics, ValMetrics
from bench.report.board.answer import answer
from bench.report.board.notes import board_notes
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.build import make_report
from bench.report.export.markdown import to_markdown
from bench.report.export.records import board_records, to_json
from bench.report.site.overview import render_single

ROWS = [
    done_row(MODELS[0], val_top1=0.9, standalone_s=10.0),
    done_row(MODELS[1], val_top1=0.8, standalone_s=20.0),
    done_row(MODELS[1], "full", val_top1=0.7),
]


def together(rows, val=0.95, **changes) -> Ensemble:
    first = rows[0]
    metrics = ValMetrics(val, 0.99, 0.3, 0.9, first.val_n), TestMetrics(0.88, 0.98, 0.3, 0.88, first.test_n)
    return ensemble(rows, **{"rule": "soft", "val": metrics[0], "test": metrics[1], **changes})


def board(*ensembles, rows=ROWS, **query):
    (found,) = leaderboard(rows, Query(**query), ensembles)
    return found


def shown(found):
    return [entry.group.first.backbone for entry in found.entries if entry.group.ensemble]


@pytest.mark.parametrize(("val", "rank"), [(0.95, 1), (0.85, 2), (0.1, 4)])
def test_an_ensemble_ranks_by_validation_among_the_runs(val, rank):
    found = board(together(ROWS[:2], val))
    assert [entry.rank for entry in found.entries if entry.group.ensemble] == [rank]
    assert len(found.entries) == 4


def test_the_axis_that_tells_the_runs_apart_is_not_the_ensembles():
    rows = [
        done_row(model, trainable_params=1_000, total_params=n, gmacs=n / 1e6)
        for n, model in ((1e6, MODELS[0]), (3e6, MODELS[1]))
    ]
    assert board(rows=rows).cost.key == "gmacs"
    assert board(together(rows), rows=rows).cost.key == "gmacs"


def test_without_ensembles_a_board_is_as_it_was():
    assert board() == leaderboard(ROWS, Query())[0]


def test_what_was_chosen_on_val_is_marked_and_explained():
    plain, chosen = together(ROWS[:2]), together(ROWS[:2], rule="greedy")
    assert "‡" not in to_markdown([board(plain)]) + " ".join(board_notes(board(plain)))
    assert "greedy choice ‡" in to_markdown([board(chosen)])
    assert "‡ Chosen on the validation images that rank it" in " ".join(board_notes(board(chosen)))


@pytest.mark.parametrize(
    ("query", "stays"),
    [
        ({"backbone": "*lite*"}, True),
        ({"backbone": MODELS[0].name}, False),
        ({"strategy": "linear"}, True),
        ({"budget": "total<=8M"}, True),
        ({"budget": "total<=7M"}, False),
        ({"budget": "gmacs<=0.8"}, False),
    ],
)
def test_filters_look_at_every_member_and_a_budget_at_the_ensemble(query, stays):
    assert bool(shown(board(together(ROWS[:2]), **query))) is stays


def test_members_of_different_tasks_stand_on_no_board():
    rows = [ROWS[0], ROWS[1]._replace(subset="train=500")]
    assert [shown(found) for found in leaderboard(rows, Query(), [together(rows)])] == [[], []]


def test_time_alone_is_the_sum_of_the_members_on_one_machine_and_nothing_on_several():
    (entry,) = [e for e in board(together(ROWS[:2])).entries if e.group.ensemble]
    assert entry.group.stat("standalone_s").mean == pytest.approx(30.0)
    rows = [ROWS[0], ROWS[1]._replace(hardware=GPU)]
    (entry,) = [e for e in board(together(rows), rows=rows).entries if e.group.ensemble]
    assert entry.group.stat("standalone_s").mean is None
    boards = leaderboard(rows, Query(sort="standalone_s"), [together(rows)])
    assert [(found.machine, shown(found)) for found in boards] == [(CPU, []), (GPU, [])]


def test_a_record_names_the_members_and_the_rule():
    made = replace(together(ROWS[:2], rule="hard"), val=ValMetrics(0.95, 1.0, float("nan"), 0.9, 300))
    first = board_records([board(made)])[0]
    assert (first["ensemble"], first["seeds"]) == ("hard", 0)
    assert (first["group_id"], first["run_ids"]) == (made.ensemble_id, [row.run_id for row in ROWS[:2]])
    assert first["total_params"] == 8_000_000
    to_json([first])


def test_ensembles_of_the_same_rule_and_size_are_told_apart_by_their_ids():
    one, other = together(ROWS[:2]), together(ROWS[1:], 0.5)
    text = to_markdown([board(one, other)])
    assert one.ensemble_id[:8] in text
    assert other.ensemble_id[:8] in text


def test_the_answer_is_a_single_run_and_says_what_an_ensemble_adds():
    found = answer(board(together(ROWS[:2])))
    assert MODELS[0].name.removeprefix("timm/") in found.headline
    assert "The ensemble of 2 (soft vote): 88.0" in found.together
    assert answer(board(together(ROWS[:2], 0.85))).together == ""
    assert "best of 3 candidates" in found.evidence


def test_a_report_has_the_ensemble_in_plot_and_table(tmp_path):
    from bench.store.store import Store

    with Store.open(tmp_path / "runs.db") as store:
        record_done(store, typical_runs()[:4])
        rows = store.rows()
        store.ensembles.add(together(rows[:2], 0.99, rule="weighted"))
        page = render_single(make_report(store, title="", query=Query(), overlaps={}))
    assert "weighted vote ‡" in page
    assert '"names":["ensemble of 2"' in page
    assert "The ensemble of 2 (weighted vote)" in page
