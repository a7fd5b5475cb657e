"""Kills inside claimed runs change nothing: all rows, epochs and logits are those of an undisturbed sweep.

`BENCH_TEST_LONG=1` kills 60 times each; the suite only a few times.
"""

from __future__ import annotations

import os

import pytest
from kills import Killed, everything, start
from postgres_server import new_database

from bench.store.store import Store

LONG = os.environ.get("BENCH_TEST_LONG") == "1"
KILLS = 60 if LONG else 4
RUNS = ("-m", "timm/test_efficientnet@none", "-s", "linear,last_blocks(1),full", "--seeds", "2", "--image-size",
        "64", "--epochs", "12", "--set", "batch_size=4", "--set", "early_stopping=null")  # fmt: skip


@pytest.fixture(scope="module")
def calm(tiny_folder, tmp_path_factory):
    """What an undisturbed sweep by one process measures."""
    folder = tmp_path_factory.mktemp("calm")
    process = start(words_for(tiny_folder, str(folder / "runs.db")), folder / "home")
    process.join(600)
    assert process.exitcode == 0
    return everything(str(folder / "runs.db"))


def words_for(folder, db: str) -> list[str]:
    return ["sweep", "--dataset", f"folder:{folder}", "--db", db, *RUNS]


def compare(calm, folder, processes: int, kills: int, databases, tiny_folder) -> None:
    """Kill until there were so many hits, in as many sweeps as that takes, and compare each with the calm one."""
    hits = round_ = 0
    while hits < kills and round_ < 2 * kills:
        db = next(databases)
        killed = Killed(db, words_for(tiny_folder, db), folder / f"home-{round_}", processes, seed=round_)
        hits += killed.work(kills - hits)
        found = everything(db)
        assert found == calm
        round_ += 1
    assert hits >= kills


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 4])
def test_a_sqlite_sweep_killed_inside_its_runs_measures_the_same(calm, tiny_folder, tmp_path, processes):
    databases = (str(tmp_path / f"runs-{number}.db") for number in range(1000))
    compare(calm, tmp_path, processes, KILLS, databases, tiny_folder)
    assert not list(tmp_path.rglob("*.pt")), "checkpoints of runs that are done"


@pytest.mark.slow
@pytest.mark.postgres
def test_a_postgresql_sweep_of_two_processes_killed_inside_its_runs_measures_the_same(
    calm, tiny_folder, tmp_path, postgresql
):
    with new_database(postgresql) as url:
        killed = Killed(url, words_for(tiny_folder, url), tmp_path / "home", 2, seed=0)
        assert killed.work(KILLS) >= (KILLS // 2 if LONG else 1)
        os.environ["BENCH_HOME"], before = str(tmp_path / "home"), os.environ["BENCH_HOME"]
        try:
            assert everything(url) == calm
        finally:
            os.environ["BENCH_HOME"] = before
        with Store.open(url) as store:
            assert {row.status for row in store.rows()} == {"done"}
