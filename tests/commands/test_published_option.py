"""`--with-published` of `bench leaderboard` and `bench report`."""

from __future__ import annotations

import pytest
from command_line import bench
from plausible_runs import MODELS, make_planned, record_done

from bench.spec import DatasetSpec
from bench.store.store import Store


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = tmp_path_factory.mktemp("published") / "runs.db"
    data = DatasetSpec(name="cub", num_classes=200, fingerprint="5f" * 32)
    with Store.open(path) as store:
        record_done(store, [make_planned(model, "linear", dataset=data) for model in MODELS])
    return path


def test_a_leaderboard_shows_published_rows_only_when_asked(db):
    plain = bench("leaderboard", "--db", db, "--json").data
    assert len(plain) == len(MODELS)
    asked = bench("leaderboard", "--db", db, "--json", "--with-published").data
    assert asked[: len(plain)] == plain
    assert {row["rank"] for row in asked[len(plain) :]} == {None}
    assert {row["source"].split(",")[0] for row in asked[len(plain) :]} >= {"thuml Transfer-Learning-Library"}


def test_published_rows_pass_the_leaderboard_s_filters(db):
    words = ["--with-published", "--backbone", "*lite0", "--json"]
    assert len(bench("leaderboard", "--db", db, *words).data) == 1


def test_a_dataset_of_which_nothing_was_measured_has_a_board_of_published_rows_alone(db):
    words = ["leaderboard", "--db", db, "--with-published", "--dataset", "cifar10"]
    shown = bench(*words).stdout
    assert "cifar10  published rows only" in shown
    assert "Nothing was measured here." in shown
    assert "No finished runs" not in shown
    assert all(word not in shown for word in ("Pareto", "Ranked by", "Times"))
    records = bench(*words, "--json").data
    assert shown.count("\npublished [") == len(records) > 5
    assert {(row["dataset"], row["rank"], row["pareto"]) for row in records} == {("cifar10", None, False)}
    assert len(bench(*words, "--csv").stdout.splitlines()) > len(records)
    assert bench(*words, "--markdown").stdout.count("| published |") == len(records)
    assert "No finished runs" in bench(*words[:3], "--dataset", "cifar10").stdout


def test_each_target_of_a_dataset_without_runs_has_a_board_and_filters_hold(db):
    words = ["leaderboard", "--db", db, "--with-published", "--dataset", "cifar100", "--json"]
    assert {row["target"] for row in bench(*words).data} == {"fine", "coarse"}
    assert {row["target"] for row in bench(*words, "--target", "coarse").data} == {"coarse"}
    assert {row["strategy"] for row in bench(*words, "--strategy", "full").data} == {"full"}


def test_a_report_draws_published_rows_only_when_asked(db, tmp_path):
    for words, there in (([], False), (["--with-published"], True)):
        path = tmp_path / f"{there}.html"
        assert bench("report", "--db", db, "-o", path, *words).code == 0
        assert ("published, not measured here" in path.read_text(encoding="utf-8")) == there
