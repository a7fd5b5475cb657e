"""What a notebook shows of boards, runs and comparisons."""

from html.parser import HTMLParser

import pytest
from board_kinds import HOSTILE, every_board
from plausible_runs import MODELS, done_row, make_planned, record_ended
from predicted_runs import planned, predictions, record_predicted

import bench
from bench.inference.class_names import ClassNames
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.export.notebook import MOST, boards_html, comparison_html
from bench.report.export.ranking import Leaderboard
from bench.report.look.compare import compare_runs
from bench.store.store import Store


class Balance(HTMLParser):
    """Counts what opens and does not close, and what could run."""

    def __init__(self, text):
        super().__init__()
        self.open, self.risky = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.risky += [tag] * (tag in ("script", "img", "b")) + [
            name for name, _ in attrs if name.startswith("on")
        ]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def sound(text):
    found = Balance(text)
    return found.open == [] and found.risky == []


def test_a_leaderboard_shows_every_board_as_a_table_and_nothing_that_runs():
    boards = every_board()
    text = Leaderboard(boards, Query())._repr_html_()
    assert sound(text)
    assert text.count("<table>") == len(boards)
    assert HOSTILE not in text
    assert "&lt;b onmouseover" in text


def test_its_plain_form_is_the_table_of_the_terminal():
    shown = repr(Leaderboard(every_board(), Query()))
    assert "tf_efficientnet_lite1" in shown
    assert "\x1b" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 120


def test_of_many_rows_a_notebook_shows_the_first_and_says_so():
    rows = [done_row(MODELS[0], run_id=f"{i:064x}", group_id=f"{i:064x}") for i in range(MOST + 7)]
    (board,) = leaderboard(rows, Query())
    assert boards_html([board]).count('scope="row"') == MOST
    assert "... and 7 more; .frame() has all." in boards_html([board])


def test_nothing_finished_says_so(tmp_path):
    with Store.open(tmp_path / "runs.db") as store:
        record_ended(store, make_planned(MODELS[0], "linear"), "failed", ValueError("no"))
    found = bench.leaderboard(tmp_path / "runs.db")
    assert len(found) == 0
    assert "No finished runs." in found._repr_html_()
    assert "No finished runs" in repr(found)
    assert found.frame().empty
    assert found.front().empty


@pytest.fixture
def two(store):
    return [record_predicted(store, planned(6, seed=seed), predictions(6, seed=seed)) for seed in (0, 1)]


def test_a_run_shows_its_results_costs_curves_and_command(store, two):
    details = bench.load_run(two[0][:10], store.location.path)
    text = details._repr_html_()
    assert sound(text)
    assert all(said in text for said in ("Results", "Costs", "epochs", "bench sweep --dataset cub100"))
    assert repr(details).startswith(f"<run {two[0][:12]}: timm/tf_efficientnet_lite1, linear, on birds")


def test_a_run_that_failed_shows_what_there_is(store):
    run = make_planned(MODELS[0], "linear")
    record_ended(store, run, "failed", ValueError("no"))
    text = bench.load_run(run.spec.run_id, store.location.path)._repr_html_()
    assert sound(text)
    assert "Results" not in text
    assert "failed" in text


def test_a_comparison_shows_what_differs_and_whether_it_is_noise(store, two):
    made = compare_runs(store, *two, lambda *_: ClassNames({"label": tuple("<b>" + c for c in "abcdef")}))
    text = comparison_html(made)
    assert sound(text)
    assert "seed" in text
    assert "McNemar" in text
    assert repr(made) == f"<comparison of the runs {two[0][:12]} and {two[1][:12]}>"
    assert bench.compare(*two, store.location.path)._repr_html_().count("<table>") == text.count("<table>")


def test_a_ranking_is_taken_apart_as_a_sequence():
    found = Leaderboard(every_board(), Query())
    assert [board.title for board in found] == [found[i].title for i in range(len(found))]
    assert repr(found[0]).startswith("<board of ")
    assert set(found.front()["pareto"]) == {True}
