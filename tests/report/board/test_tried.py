"""How many configurations were tried of each candidate: counted over all runs, shown where not all had one."""

from __future__ import annotations

import csv
import io
import json

import pytest
from overview_pages import data_of
from plausible_runs import MODELS, done_row
from rich.console import Console

from bench.report.board.groups import group_runs
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.build import make_report
from bench.report.export.csv_text import to_csv
from bench.report.export.markdown import to_markdown
from bench.report.export.records import board_records, to_json
from bench.report.site.overview import render_single
from bench.report.terminal.board_view import boards_view

NOTE = "Tuning was unequal"


def tries(model, count, strategy="linear", **columns):
    """Runs that differ in more than their seed."""
    own = f"{model.name}{strategy}{columns}"
    return [done_row(model, strategy, group_id=f"{i}{own}", run_id=f"{i:064}{model.name}",
                     recipe_name=f"default lr={i}", **columns) for i in range(count)]  # fmt: skip


def tried(rows, **query):
    (board,) = leaderboard(rows, Query(**query))
    return {(e.group.first.backbone, e.group.first.strategy): e.group.tried for e in board.entries}


def shown(rows, width=200):
    console = Console(file=io.StringIO(), width=width)
    console.print(boards_view(leaderboard(rows, Query()), console, Query()))
    return console.file.getvalue()


def test_a_configuration_is_a_spec_up_to_its_seed():
    rows = [*tries(MODELS[0], 3), *(done_row(MODELS[1], seed=seed) for seed in range(3))]
    assert tried(rows) == {(MODELS[0].name, "linear"): 3, (MODELS[1].name, "linear"): 1}


@pytest.mark.parametrize(
    ("status", "counts"),
    [("pruned", 1), ("failed", 1), ("diverged", 1), ("planned", 0), ("running", 0), ("interrupted", 0)],
)
def test_whatever_ended_counts_and_what_has_not_does_not(status, counts):
    rows = [done_row(MODELS[0]), done_row(MODELS[0], group_id="other", run_id="o" * 64, status=status)]
    assert tried(rows) == {(MODELS[0].name, "linear"): 1 + counts}


def test_strategies_and_other_data_are_counted_apart():
    rows = [*tries(MODELS[0], 2), *tries(MODELS[0], 1, "full"), *tries(MODELS[0], 4, subset="train=50")]
    boards = leaderboard(rows, Query())
    found = [sorted({(e.group.first.strategy, e.group.tried) for e in board.entries}) for board in boards]
    assert sorted(found) == [[("full", 1), ("linear", 2)], [("linear", 4)]]


def test_a_filter_hides_rows_and_not_that_they_were_tried():
    rows = [done_row(MODELS[0], total_params=5), *tries(MODELS[0], 3, total_params=50)]
    assert tried(rows, budget="10") == {(MODELS[0].name, "linear"): 4}
    assert [group.tried for group in group_runs(rows[:1])] == [1]


def test_one_configuration_of_each_is_not_worth_a_column():
    text = shown([done_row(model) for model in MODELS])
    assert " tried " not in text
    assert NOTE not in text


def test_equal_tuning_is_shown_and_not_warned_of():
    text = shown([*tries(MODELS[0], 3), *tries(MODELS[1], 3)])
    assert " tried " in text
    assert NOTE not in text


@pytest.mark.parametrize("width", [80, 200])
def test_unequal_tuning_is_shown_and_warned_of_on_every_terminal(width):
    text = shown([*tries(MODELS[0], 20), done_row(MODELS[1])], width)
    assert " tried " in text
    assert "between 1 and 20 configurations" in " ".join(text.split())


def test_every_form_of_a_board_says_it():
    boards = leaderboard([*tries(MODELS[0], 2), done_row(MODELS[1])], Query())
    records = board_records(boards)
    assert sorted(record["tried"] for record in json.loads(to_json(records))) == [1, 2, 2]
    assert sorted(row["tried"] for row in csv.DictReader(io.StringIO(to_csv(records)))) == ["1", "2", "2"]
    markdown = to_markdown(boards)
    assert "| tried |" in markdown
    assert NOTE in markdown


def test_the_page_says_it(store):
    from plausible_runs import make_planned, record_done

    from bench.spec import RecipeSpec

    record_done(store, [make_planned(MODELS[0], "linear"), make_planned(MODELS[1], "linear")])
    record_done(store, [make_planned(MODELS[0], "linear", recipe=RecipeSpec(lr=0.5))])
    page = render_single(make_report(store, title="", query=Query(), overlaps={}))
    assert "tried" in [column["key"] for column in data_of(page)["boards"][0]["columns"]]
    assert "Configurations tried" in page
    assert NOTE in page


def test_a_board_can_be_sorted_by_it():
    (board,) = leaderboard([*tries(MODELS[0], 2), done_row(MODELS[1])], Query(sort="tried"))
    assert [entry.group.tried for entry in board.entries] == [1, 2, 2]
