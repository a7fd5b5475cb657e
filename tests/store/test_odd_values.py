"""Values that another program wrote into a database: every command that reads names the row, in three parts."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest
from board_kinds import ensemble
from command_line import bench
from plausible_runs import fill_typical
from store_steps import says

from bench.errors import StoreError
from bench.store.store import Store

ODD = [
    ("runs", "val_top1", "'high'"),
    ("runs", "val_top1", "x'00ff'"),
    ("runs", "val_top1", "9e999"),
    ("runs", "test_loss", "-9e999"),
    ("runs", "val_top1", "-5"),
    ("runs", "test_top1", "1.0001"),
    ("runs", "test_loss", "-0.1"),
    ("runs", "trainable_params", "-1"),
    ("runs", "standalone_s", "-2.5"),
    ("epochs", "val_top1", "17"),
    ("runs", "total_params", "'many'"),
    ("runs", "total_params", "1.5"),
    ("runs", "created_at", "1e300"),
    ("runs", "status", "'finished'"),
    ("runs", "status", "17"),
    ("runs", "num_classes", "0"),
    ("runs", "num_classes", "-2"),
    ("runs", "backbone", "x'80'"),
    ("runs", "spec", f"'{'[' * 20_000}{']' * 20_000}'"),
    ("runs", "spec", "'{\"broken'"),
    ("runs", "spec", "17"),
    ("attempts", "started_at", "'yesterday'"),
    ("attempts", "provenance", "'no json'"),
    ("epochs", "val_loss", "'low'"),
    ("epochs", "val_n", "'n'"),
    ("sweeps", "created_at", "'then'"),
    ("sweeps", "created_at", "1e40"),
    ("sweeps", "request", "'[[['"),
]
READING = [
    ("runs",), ("leaderboard",), ("sweeps",), ("sweeps", "--json"), ("show", "{run}"), ("look", "{run}"),
    ("export", "runs"), ("export", "epochs"), ("export", "leaderboard"), ("compare", "{run}", "{run}"),
    ("report", "--single-file", "-o", "{out}"), ("report", "-o", "{site}", "--pages", "1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def typical(tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / "runs.db"
    with Store.open(path) as store:
        fill_typical(store)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    return path


def changed(typical, tmp_path, table: str, column: str, value: str):
    """Copy a database and write a value into its first row, as another program would."""
    path = shutil.copy(typical, tmp_path / "runs.db")
    with closing(sqlite3.connect(path)) as database, database:
        first = f"SELECT min(rowid) FROM {table}"  # noqa: S608 - names of ours
        if table == "epochs":
            first += " WHERE run_id = (SELECT run_id FROM runs WHERE rowid = 1)"
        database.execute(f"UPDATE {table} SET {column} = {value} WHERE rowid = ({first})")  # noqa: S608 - the same
    return path


@pytest.mark.parametrize(("table", "column", "value"), ODD)
def test_no_reading_command_ends_in_a_traceback_because_of_an_odd_value(typical, tmp_path, table, column, value):
    path = changed(typical, tmp_path, table, column, value)
    with closing(sqlite3.connect(path)) as database:
        (run,) = database.execute("SELECT run_id FROM runs WHERE rowid = 1").fetchone()
    told = 0
    for words in READING:
        named = [word.format(run=run, out=tmp_path / "r.html", site=tmp_path / "site") for word in words]
        ended = bench(*named, "--db", path)
        assert ended.code in (0, 2), (words, ended)
        if ended.code == 2 and f"In {table}, {column} of the row with " in ended.stderr:
            told += 1
            assert len(ended.stderr.strip().splitlines()) == 3
    assert told, "no command noticed"


def test_the_error_names_the_row_and_the_value(typical, tmp_path):
    path = changed(typical, tmp_path, "runs", "val_top1", "'high'")
    with Store.open(path) as store, pytest.raises(StoreError) as error:
        store.rows()
    says(error, "has a value that cannot be read", "In runs, val_top1 of the row with run_id ", "'high'")


def test_a_database_without_odd_values_has_none(typical):
    from bench.store.odd_values import odd_value

    with Store.open(typical) as store:
        assert odd_value(store.sessions.database) is None


@pytest.mark.parametrize("lost", ["ensemble_members", "runs"])
def test_an_ensemble_without_its_runs_is_named(tmp_path, lost):
    path = tmp_path / "runs.db"
    with Store.open(path) as store:
        fill_typical(store)
        made = store.ensembles.add(ensemble(store.rows(status="done")[:2]))
    with closing(sqlite3.connect(path)) as database, database:
        members = "SELECT run_id FROM ensemble_members"
        database.execute(f"DELETE FROM {lost} WHERE run_id IN ({members})")  # noqa: S608 - names of ours
    ended = bench("leaderboard", "--db", path)
    assert ended.code == 2
    assert f"The members of {made.ensemble_id!r} are not there" in ended.stderr


def test_a_run_id_that_is_none_is_named(typical, tmp_path):
    ended = bench("verify", "--no-home", "--db", changed(typical, tmp_path, "runs", "run_id", "'../../x'"))
    assert ended.code == 2
    assert "In runs, run_id of the row with run_id ../../x is '../../x'" in ended.stderr
