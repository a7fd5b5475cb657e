"""`bench sweeps`: what was asked for and how far it came."""

import pytest
from command_line import bench, refused
from swept_runs import fill_search, fill_swept

from bench.store.store import Store


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "runs.db"
    with Store.open(path) as store:
        fill_swept(store)
    return path


def test_every_sweep_is_a_line_newest_first_with_its_runs_by_status(db):
    heading, _, *lines = bench("sweeps", "--db", db).stdout.splitlines()
    assert heading.split()[:2] == ["sweep", "recorded"]
    assert [line.split()[0] for line in lines] == ["4", "3", "2", "1"]
    assert "1 planned, 1 failed, 1 diverged, 1 interrupted, 1 pruned" in lines[3]
    assert "bench sweep --dataset cub100" in lines[3]


def test_as_data_it_counts_runs_and_seconds(db):
    found = {one["id"]: one for one in bench("sweeps", "--db", db, "--json").data}
    assert found[1]["runs"] == {"planned": 1, "done": 4, "failed": 1, "diverged": 1, "interrupted": 1, "pruned": 1}
    assert (found[1]["planned"], found[1]["rejected"], found[1]["attempts"]) == (9, 4, 8)
    assert found[1]["wall_s"] == found[1]["ended_at"] - found[1]["began_at"] > 0
    assert (found[3]["runs"], found[3]["attempts"], found[3]["wall_s"]) == ({"done": 3}, 0, None)
    assert (found[4]["planned"], found[4]["runs"]) == (0, {})


def test_one_sweep_as_data_has_all_that_its_page_leaves_out(db):
    (one,) = bench("sweeps", "1", "--db", db, "--json").data
    assert len(one["run_statuses"]) == 9
    assert sorted(one["run_statuses"].values()).count("done") == 4
    assert one["left_out"][0]["reason"] == "total 129M > 10M"
    assert one["left_out"][0]["counts"]["total_params"] == 129_000_000
    assert one["request"]["seeds"] == [0, 1, 2]
    assert len(one["passes"]) == 3


def test_a_search_is_named_one(tmp_path):
    with Store.open(tmp_path / "runs.db") as store:
        fill_search(store)
    assert "search" in bench("sweeps", "1", "--db", tmp_path / "runs.db").stdout


def test_a_sweep_that_is_not_there_is_an_error_that_lists_the_last_ones(db):
    assert "The last ones are: 4, 3, 2, 1." in refused("sweeps", "9", "--db", db)


def test_a_database_without_sweeps_says_that_there_is_nothing(tmp_path):
    Store.open(tmp_path / "runs.db").close()
    ended = bench("sweeps", "--db", tmp_path / "runs.db")
    assert (ended.code, ended.stdout) == (0, "")
    assert bench("sweeps", "--db", tmp_path / "runs.db", "--json").data == []


@pytest.mark.parametrize("columns", [40, 80])
def test_a_narrow_terminal_keeps_what_matters(db, columns):
    lines = bench("sweeps", "--db", db, columns=columns).stdout.splitlines()
    assert "sweep" in lines[0].split()
    assert {"runs", "done"} <= set(lines[0].split())
    assert all(len(line) <= columns for line in lines)
