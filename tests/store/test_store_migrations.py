"""Schemas: what is made, what is upgraded, what is left alone."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from example_runs import plans, sweep, timing
from store_processes import as_somebody_else

from bench.errors import StoreError
from bench.store.engine import Database
from bench.store.location import locate
from bench.store.migrate import SCRIPTS, VERSION_TABLE, ensure_schema, is_ours
from bench.store.schema import REVISIONS, Base
from bench.store.store import Store

FIXTURES = Path(__file__).parents[1] / "fixtures"
STATUSES = {
    1: ["diverged", "done", "failed", "interrupted", "interrupted", "planned"],
    2: ["diverged", "done", "failed", "interrupted", "interrupted", "planned", "pruned"],
    3: ["diverged", "done", "failed", "interrupted", "interrupted", "planned", "pruned"],
    4: ["diverged", "done", "failed", "interrupted", "interrupted", "planned", "pruned"],
}
"""The runs in each fixture, once it is opened: the process of one that was running is long gone."""

LATER = f"{len(REVISIONS) + 1:04}"
"""The revision that the tests below make up."""

COPY = f"runs.db.bak-v{len(REVISIONS)}"

ADDS_A_COLUMN = """
    op.add_column("runs", sa.Column("note", sa.Text(), server_default="none"))
"""
MAKES_A_TABLE_ANEW = """
    with op.batch_alter_table("runs") as batch:
        batch.alter_column("family", nullable=True)
"""
FAILS_HALF_WAY = """
    op.create_table("half", sa.Column("id", sa.Integer()))
    raise ZeroDivisionError
"""


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table of ours."""
    with closing(sqlite3.connect(path)) as database:
        return {
            table: sorted(database.execute(f"SELECT * FROM {table}").fetchall(), key=repr)  # noqa: S608 - our tables
            for table in (*Base.metadata.tables, VERSION_TABLE)
        }


def upgrade(path: Path, folder: Path, steps: str) -> None:
    """Upgrade a database with a later revision that does `steps`, written for this test."""
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"{LATER}_test.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision = '{LATER}'\n"
        f"down_revision = '{REVISIONS[-1]}'\ndef upgrade():{steps}"
    )
    database = Database(locate(path), create=True)
    try:
        ensure_schema(database, create=True, revisions=(*REVISIONS, LATER), scripts=folder)
    finally:
        database.close()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the database of the present schema: old for the revision that a test makes up."""
    return Path(shutil.copy(FIXTURES / f"runs-v{len(REVISIONS)}.db", tmp_path / "runs.db"))


def test_the_migrations_make_exactly_the_tables_of_the_models(store):
    with store._database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": VERSION_TABLE, "include_name": is_ours, "compare_server_default": True},
        )
        assert compare_metadata(context, Base.metadata) == []


def test_every_revision_is_known_in_its_order():
    scripts = ScriptDirectory(SCRIPTS)
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(REVISIONS)


def test_every_released_schema_has_a_database_among_the_fixtures():
    found = {path.name for path in FIXTURES.glob("runs-v*.db")}
    assert found == {f"runs-v{number}.db" for number in range(1, len(REVISIONS) + 1)}


@pytest.mark.parametrize("number", range(1, len(REVISIONS) + 1))
def test_a_database_of_every_schema_opens_and_keeps_its_rows(tmp_path, number):
    path = Path(shutil.copy(FIXTURES / f"runs-v{number}.db", tmp_path / "runs.db"))
    with Store.open(path) as store:
        rows = store.rows()
        assert sorted(row.status for row in rows) == STATUSES[number]
        (done,) = store.rows(status="done")
        assert (done.val_top1, done.test_top1, done.standalone_s) == (0.9, 0.88, 7.5)
        assert [epoch.epoch for epoch in store.epochs(done.run_id)] == [1, 2, 3]
        assert store.sweep(1).run_ids == tuple(
            row.run_id for row in sorted(rows, key=lambda row: row.total_params)
        )
        assert [row.planned for row in store.sweeps()] == [len(rows)]
        (failed,) = store.rows(status="failed")
        assert store.attempts(failed.run_id)[0].error_why == "why"


def test_a_database_of_the_present_schema_is_opened_without_a_change(old):
    Store.open(old).close()  # a run whose process is gone ends here
    before = contents(old)
    Store.open(old).close()
    assert contents(old) == before
    assert list(old.parent.glob("*.bak*")) == []


def test_opening_a_database_of_the_present_schema_imports_no_alembic(path):
    Store.open(path).close()
    script = "import sys; from bench.store.store import Store; Store.open(sys.argv[1]).rows(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    heavy = {"alembic", "torch", "pandas", "numpy", "psycopg"}
    assert heavy & set(done.stdout.split()) == set()


def test_a_database_of_the_second_schema_keeps_what_was_new_in_it(tmp_path):
    path = Path(shutil.copy(FIXTURES / "runs-v2.db", tmp_path / "runs.db"))
    with Store.open(path) as store:
        (done,), (pruned,) = store.rows(status="done"), store.rows(status="pruned")
        assert (done.frozen_gmacs, done.frontier, done.cached_bytes) == (0.38, "pooled", 5120)
        assert (pruned.rung, pruned.pruned_at_epoch) == (1, 1)
        assert store.timing("before").cases == timing().cases


class TestFromTheFirstSchema:
    @pytest.fixture
    def first(self, tmp_path):
        return Path(shutil.copy(FIXTURES / "runs-v1.db", tmp_path / "runs.db"))

    def test_what_was_not_known_then_is_empty(self, first):
        with Store.open(first) as store:
            (done,) = store.rows(status="done")
            new = (done.frozen_gmacs, done.frontier, done.cached_bytes, done.pruned_at_epoch, done.rung)
            assert new == (None,) * 5
            assert [rejected.reason for rejected in store.sweep(1).rejected] == [
                "129M parameters are over 10M",
                "cannot be built",
            ]
            assert store.sweep(1).rejected[0].counts.frozen_gmacs == 0.0

    def test_a_pass_of_one_frontier_is_called_as_that_is(self, first):
        Store.open(first).close()
        with closing(sqlite3.connect(first)) as database:
            found = database.execute("SELECT key, pass_key, seconds FROM feature_passes").fetchall()
            linked = database.execute("SELECT count(*) FROM run_features WHERE pass_id = 1").fetchall()
        assert found == [("k" * 64, "k" * 64, 2.25)]
        assert linked == [(1,)]

    def test_it_has_the_same_tables_as_a_new_database(self, first, tmp_path):
        def tables(path):
            Store.open(path).close()
            with closing(sqlite3.connect(path)) as database:
                names = [
                    name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                ]
                return {name: database.execute(f"PRAGMA table_info({name})").fetchall() for name in names}

        assert tables(first) == tables(tmp_path / "new.db")


class TestUpgrades:
    def test_an_old_database_is_copied_and_then_upgraded(self, old, tmp_path):
        before = contents(old)
        upgrade(old, tmp_path / "scripts", ADDS_A_COLUMN)
        after = contents(old)
        assert after[VERSION_TABLE] == [(LATER,)]
        assert [row[:-1] for row in after["runs"]] == before["runs"]
        assert {row[-1] for row in after["runs"]} == {"none"}
        assert contents(tmp_path / COPY) == before

    def test_a_table_that_is_made_anew_keeps_its_rows_and_those_that_point_to_it(self, old, tmp_path):
        before = contents(old)
        upgrade(old, tmp_path / "scripts", MAKES_A_TABLE_ANEW)
        after = contents(old)
        assert {name: rows for name, rows in after.items() if name != VERSION_TABLE} == {
            name: rows for name, rows in before.items() if name != VERSION_TABLE
        }
        with closing(sqlite3.connect(old)) as database:
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []

    def test_an_upgrade_that_fails_leaves_the_database_as_it_was(self, old, tmp_path):
        before = contents(old)
        with pytest.raises(ZeroDivisionError):
            upgrade(old, tmp_path / "scripts", FAILS_HALF_WAY)
        assert contents(old) == before
        with closing(sqlite3.connect(old)) as database:
            assert database.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
        Store.open(old).close()

    def test_an_earlier_copy_is_never_replaced(self, old, tmp_path):
        (tmp_path / COPY).write_text("precious")
        upgrade(old, tmp_path / "scripts", ADDS_A_COLUMN)
        assert (tmp_path / COPY).read_text() == "precious"
        assert contents(tmp_path / f"{COPY}-2")[VERSION_TABLE] == [(REVISIONS[-1],)]

    def test_an_old_database_that_may_only_be_read_is_an_error_that_says_so(self):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:  # pytest's own folder is closed to other users
            folder = Path(name)
            shutil.copy(FIXTURES / f"runs-v{len(REVISIONS)}.db", folder / "runs.db")
            folder.chmod(0o555)
            error = as_somebody_else(_open_as_a_later_bench, folder / "runs.db")
            folder.chmod(0o755)
        assert "has to be upgraded, but cannot be written" in error
        assert f"Its schema is {REVISIONS[-1]}; this version reads {LATER}." in error


def _open_as_a_later_bench(path: Path) -> str:
    try:
        ensure_schema(Database(locate(path), create=False), create=False, revisions=(*REVISIONS, LATER))
    except StoreError as error:
        return str(error)
    return "no error"


class TestNeighbours:
    @pytest.mark.parametrize("first", ["ours", "theirs"])
    def test_optuna_and_bench_share_a_database_without_touching_each_others_tables(self, path, first):
        optuna = pytest.importorskip("optuna", reason="optuna is not installed")
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        runs, run_ids = plans(3)
        if first == "ours":
            Store.open(path).close()
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
        study = optuna.create_study(study_name="ours", storage=storage)
        study.optimize(lambda trial: trial.suggest_float("lr", 0, 1), n_trials=2)
        with Store.open(path) as store:
            store.plan(sweep(run_ids), runs)
            study.optimize(lambda trial: trial.suggest_float("lr", 0, 1), n_trials=1)
            assert len(store.rows()) == 3
        assert len(optuna.load_study(study_name="ours", storage=f"sqlite:///{path}").trials) == 3
        with closing(sqlite3.connect(path)) as database:
            ours = database.execute("SELECT version_num FROM bench_alembic_version").fetchall()
            theirs = database.execute("SELECT version_num FROM alembic_version").fetchall()
        assert ours == [(REVISIONS[-1],)]
        assert len(theirs) == 1
        assert theirs != ours

    def test_a_database_with_another_tools_table_of_our_name_is_refused_unchanged(self, path):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE runs (run_uuid TEXT)")
        with pytest.raises(StoreError, match="belongs to another tool") as error:
            Store.open(path)
        assert "runs" in error.value.why
        assert error.value.todo
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]
