import io

import pytest
from plausible_runs import CPU, GPU, MODELS, done_row
from rich.console import Console

from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.terminal.board_view import boards_view
from bench.report.terminal.run_list import runs_view
from bench.report.terminal.run_view import sparkline

ROWS = [done_row(model, seed=seed) for model in MODELS for seed in range(2)]


def printed(width, rows=ROWS, query=None, **options):
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    query = query or Query()
    console.print(boards_view(leaderboard(rows, query), console, query, **options))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(len(line.rstrip()) for line in printed(width).splitlines()) <= width


def test_a_wide_terminal_shows_every_column_and_a_narrow_one_the_accuracies():
    assert all(title in printed(200) for title in ("time alone", "last epoch % †", "best on test % †"))
    narrow = printed(100)
    assert "val %" in narrow
    assert "test %" in narrow
    assert "last epoch" not in narrow.split("Ranked by")[0]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize(("cost", "title"), [("trainable_params", "trainable"), ("gmacs", "GMACs")])
def test_the_cost_that_marks_weigh_is_shown_wherever_there_is_room_for_a_number(width, cost, title):
    assert title in printed(width, query=Query(cost=cost)).split("Ranked by")[0]


def test_names_are_whole_where_the_terminal_is_80_wide():
    for model in MODELS:
        assert model.name.removeprefix("timm/") in printed(80)


def test_pareto_rows_carry_a_star_also_without_colour():
    lines = [line for line in printed(200).splitlines() if " linear " in line]
    starred = [line.split()[2] for line in lines if line.split()[1] == "*"]
    (board,) = leaderboard(ROWS, Query())
    assert starred == [e.group.first.backbone.removeprefix("timm/") for e in board.entries if e.pareto]


def test_a_limit_says_how_many_rows_are_left_out():
    assert "... and 5 more; --limit 0 shows all." in printed(120, limit=3)


def test_times_of_several_hardwares_carry_letters():
    text = printed(200, [done_row(MODELS[0], hardware=CPU), done_row(MODELS[1], hardware=GPU)])
    assert " min A" in text
    assert " s B" in text
    assert f"A = {CPU}; B = {GPU}" in text


def test_markup_in_names_is_shown_as_it_is():
    assert "[red]evil[/red]" in printed(200, [done_row(backbone="timm/[red]evil[/red]")])


def test_no_runs_say_what_to_do():
    assert "No finished runs for dataset cub." in printed(80, [], Query(dataset="cub"))


def test_rows_that_differ_in_recipe_or_weights_are_told_apart():
    rows = [done_row(group_id="a", recipe_name="short"), done_row(group_id="b", recipe_name="long", run_id="b")]
    assert "recipe" in printed(200, rows)
    assert "recipe" not in printed(200)


def test_rows_that_nothing_else_tells_apart_carry_a_run_id():
    rows = [done_row(group_id="a", run_id="a" * 64), done_row(group_id="b", run_id="b" * 64)]
    assert "aaaaaaaa" in printed(80, rows)
    assert "bbbbbbbb" in printed(80, rows)


def test_runs_fit_a_narrow_terminal():
    console = Console(file=io.StringIO(), width=60)
    console.print(runs_view(ROWS, {row.run_id: [] for row in ROWS}, console))
    assert max(len(line.rstrip()) for line in console.file.getvalue().splitlines()) <= 60
    assert "16 runs: 16 done." in console.file.getvalue()


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([0.0, 0.5, 1.0], "▁▅█"),
        ([3.0, 3.0], "▁▁"),
        ([], ""),
        ([1.0, float("nan"), 2.0], "▁ █"),
        ([float("nan")], " "),
    ],
)
def test_a_sparkline_spans_least_to_greatest_with_gaps_for_nan(values, drawn):
    assert sparkline(values) == drawn
