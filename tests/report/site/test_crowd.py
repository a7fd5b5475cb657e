"""Boards of very many rows: what is listed, that fronts stay exact, how the rest lies."""

import itertools
import random

import pytest
from overview_pages import legend_of
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.report.board.columns import COLUMNS
from bench.report.board.query import Query
from bench.report.board.tables import front, leaderboard
from bench.report.plots.figures import X_AXES
from bench.report.site.crowd import Listed, list_rows, room_for


@pytest.fixture(scope="module")
def board():
    """400 rows of four strategies and three families, on two hardwares, with ties and zeros."""
    chance = random.Random(1)  # noqa: S311 - no secret
    rows = []
    for index in range(400):
        row = done_row(
            MODELS[index % 3], ("linear", "full", "norm", "bitfit")[index % 4], group_id=str(index),
            run_id=f"{index:064}", val_top1=round(chance.random(), 2), test_top1=chance.random(),
            gmacs=round(chance.random(), 1), hardware=chance.choice((CPU, GPU)), standalone_s=chance.random(),
            total_params=chance.randrange(1, 50), epochs=chance.randrange(4), recipe_name=str(index),
            trainable_params=chance.randrange(1, 1000), trainable_backbone_params=chance.choice((0, 0, 7, 80)),
        )  # fmt: skip
        rows.append(row)
    (made,) = leaderboard(rows, Query())
    return made


def listed(board, best=5):
    return list_rows(board, legend_of([board]), room=100, best=best)


def test_a_board_for_which_there_is_room_is_listed_in_full(board):
    assert list_rows(board, legend_of([board]), room=400) == Listed()


@pytest.mark.parametrize("key", X_AXES)
def test_the_front_of_any_strategies_and_families_is_listed_whole(board, key):
    kept = set(listed(board).places)
    strategies, families = ("linear", "full", "norm", "bitfit"), {entry.group.family for entry in board.entries}
    for some in itertools.combinations(strategies, 2):
        for family in (None, *families):
            shown = [
                place for place, entry in enumerate(board.entries)
                if entry.group.first.strategy in some and family in (None, entry.group.family)
            ]  # fmt: skip
            for machine in (CPU, GPU) if COLUMNS[key].hardware else (None,):
                groups = [board.entries[place].group for place in shown]
                assert {shown[i] for i in front(groups, COLUMNS[key], machine)} <= kept


@pytest.mark.parametrize("limit", [1, 10, 25, 49])
def test_the_front_under_a_budget_on_its_axis_is_listed_whole(board, limit):
    kept = set(listed(board).places)
    shown = [i for i, entry in enumerate(board.entries) if entry.group.first.total_params <= limit]
    found = front([board.entries[i].group for i in shown], COLUMNS["total_params"])
    assert found
    assert {shown[i] for i in found} <= kept


def test_the_best_are_listed_with_all_that_tie(board):
    places = listed(board, best=50).places
    assert {i for i, entry in enumerate(board.entries) if entry.rank <= 50} <= set(places)
    assert list(places) == sorted(places)


@pytest.mark.parametrize("key", X_AXES)
def test_every_row_that_is_not_listed_is_in_the_density_once(board, key):
    made = listed(board)
    others = [entry.group for i, entry in enumerate(board.entries) if i not in set(made.places)]
    assert made.density["rows"] == len(others)
    per_machine = made.density["bins"][key]
    machines = (CPU, GPU) if COLUMNS[key].hardware else (None,)
    assert len(per_machine) == len(machines) == len(board.machines if COLUMNS[key].hardware else [0])
    for bins, machine in zip(per_machine, board.machines if COLUMNS[key].hardware else (None,), strict=True):
        known = [group for group in others if group.mean(key, machine) is not None]
        for name in ("test_top1", "val_top1"):
            assert sum(count for *_, count in bins[name]) == len(known)


def test_bins_lie_among_the_rows_they_count(board):
    made = listed(board)
    others = [entry.group for i, entry in enumerate(board.entries) if i not in set(made.places)]
    totals, vals = ([group.mean(key) for group in others] for key in ("total_params", "val_top1"))
    for _, x, y, _ in made.density["bins"]["total_params"][0]["val_top1"]:
        assert min(totals) <= x <= max(totals)
        assert min(vals) <= y <= max(vals)
    zeros = sum(group.first.trainable_backbone_params == 0 for group in others)
    bins = made.density["bins"]["trainable_backbone_params"][0]["val_top1"]
    assert sum(count for _, x, _, count in bins if x == 0) == zeros


def test_many_boards_share_the_room(board):
    assert room_for([board]) == 6000
    assert room_for([board] * 40) == 300


def test_the_page_says_how_many_rows_it_lists(board):
    made = listed(board)
    assert f"Of 400 rows {len(made.places)} are listed and drawn" in made.note(400)
    assert f"The other {400 - len(made.places)} rows are the squares" in made.note(400)
