"""Points of a plot, and the same on a terminal."""

import io
import re

import pytest
from board_kinds import every_board
from plausible_runs import MODELS, done_row
from rich.console import Console

from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.plots.scatter import board_scatter
from bench.report.terminal.scatter_view import ASCII_MARKS, MARKS, scatter_view

ROWS = [done_row(model, strategy) for model in MODELS for strategy in ("linear", "full")]
FAILING = [done_row(model, "scratch") for model in MODELS[:3]]


def board(rows=ROWS, **query):
    (found,) = leaderboard(rows, Query(**query))
    return found


def drawn(shown, width=80, encoding="utf-8"):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=width, markup=False, highlight=False)
    console.print(scatter_view(shown, console))
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def test_the_front_is_the_boards_own_whatever_is_drawn_upwards():
    found = board()
    optimal = {entry.group.first.backbone.rpartition("/")[2] for entry in found.entries if entry.pareto}
    for height in ("val_top1", "test_top1"):
        points = board_scatter(found, height).points
        assert {point.name.rpartition("/")[2] for point in points if point.front} == optimal


def test_times_are_those_of_the_boards_hardware_alone():
    for one in every_board(cost="standalone_s"):
        points = board_scatter(one).points
        means = [entry.group.stat("standalone_s", one.machine).mean for entry in one.entries]
        assert {point.x for point in points} <= set(means)


def test_far_outliers_are_left_below_and_counted():
    shown = board_scatter(board([*ROWS, *FAILING]), "val_top1")
    assert shown.below == 3
    assert shown.y.reach[0] > 0.5
    assert "3 rows are below what is shown." in drawn(shown)


def test_a_row_without_a_value_is_counted_and_not_drawn():
    rows = [done_row(MODELS[0]), done_row(MODELS[1], test_top1=None)]
    shown = board_scatter(board(rows), "test_top1")
    assert (len(shown.points), shown.missing) == (1, 1)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("cost", ["trainable_params", "trainable_backbone_params", "standalone_s", "epochs"])
def test_no_line_is_wider_than_the_terminal(width, cost):
    assert max(len(line.rstrip()) for line in drawn(board_scatter(board(cost=cost)), width).splitlines()) <= width


def test_a_terminal_without_utf8_gets_ascii_marks():
    text = drawn(board_scatter(board()), encoding="ascii")
    assert f"{ASCII_MARKS[0]} linear" in text
    assert "+" in text


def test_every_strategy_in_view_has_its_mark_and_the_axes_their_units():
    shown = board_scatter(board(cost="standalone_s"), "val_top1")
    text = drawn(shown)
    grid = text.partition("└")[0]
    assert {mark for mark in MARKS if mark in grid} == {MARKS[0], MARKS[2]}
    assert "Validation top-1 (%)" in text
    assert "Stand-alone time (s), log scale" in text
    assert re.search(r"\d+ min", text)


@pytest.mark.parametrize("rows", [[done_row()], [done_row(), done_row(MODELS[1], val_top1=1.0, test_top1=1.0)]])
def test_one_run_and_a_perfect_one_are_drawn(rows):
    assert MARKS[0] in drawn(board_scatter(board(rows)))


def test_a_board_of_published_rows_alone_is_drawn_with_open_marks():
    (one,) = [one for one in every_board() if one.title == "cub100"]
    assert "○ published" in drawn(board_scatter(one, "test_top1"))
