"""What a user is told when the database cannot do what was asked, and that what it holds is intact."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from example_runs import PROVENANCE, epoch, plans, sweep
from sqlalchemy import event
from store_processes import as_somebody_else
from store_steps import fill, says

from bench.errors import DiskFullError, StoreError
from bench.store.claims import Claim
from bench.store.store import Store


def assert_intact(path: Path, count: int = 3) -> None:
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with Store.open(path) as store:
        assert len(store.rows()) == count


class TestFiles:
    def test_a_file_that_is_no_database_is_left_alone(self, path):
        path.write_text("Dear diary, today I trained a network.\n" * 100)
        before = path.read_bytes()
        with pytest.raises(StoreError, match="is not a database") as error:
            Store.open(path)
        says(error, str(path))
        assert path.read_bytes() == before

    def test_a_damaged_database_is_an_error_that_says_how_to_recover_it(self, path):
        fill(path, 200)
        content = bytearray(path.read_bytes())
        content[4096:] = b"\x55" * (len(content) - 4096)
        path.write_bytes(content)
        with pytest.raises(StoreError, match="is damaged") as error:
            Store.open(path)
        says(error, ".recover")

    def test_tables_of_a_version_between_releases_are_an_error_that_names_what_is_missing(self, path):
        fill(path, 1)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("ALTER TABLE runs DROP COLUMN split_seed")
        with Store.open(path) as store, pytest.raises(StoreError, match="other tables") as error:
            store.rows()
        says(error, "no such column: runs.split_seed")

    def test_a_folder_is_no_database(self, tmp_path):
        with pytest.raises(StoreError, match="is not a file") as error:
            Store.open(tmp_path)
        says(error)

    def test_a_missing_folder_is_an_error_that_says_how_to_make_it(self, tmp_path):
        with pytest.raises(StoreError) as error:
            Store.open(tmp_path / "nowhere" / "runs.db")
        says(error, f"mkdir -p {tmp_path / 'nowhere'}")
        assert list(tmp_path.iterdir()) == []

    def test_reading_a_database_that_is_not_there_makes_none(self, path):
        with pytest.raises(StoreError, match="There is no database") as error:
            Store.open(path, create=False)
        says(error, "bench sweep")
        assert not path.exists()

    def test_reading_another_tools_database_is_an_error_and_changes_nothing(self, path):
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE theirs (id INTEGER)")
        with pytest.raises(StoreError, match="holds no runs") as error:
            Store.open(path, create=False)
        says(error)
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]

    def test_a_newer_schema_is_refused_and_left_alone(self, path):
        fill(path)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE bench_alembic_version SET version_num = '9999'")
        with pytest.raises(StoreError, match="newer bench") as error:
            Store.open(path)
        says(error, "9999", "pip install --upgrade backbone-bench")
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM runs").fetchone() == (3,)

    @pytest.mark.parametrize("name", ["with space.db", "50%25.db", "a?b#c.db", "ünï.db", "plain"])
    def test_any_file_name_will_do(self, tmp_path, name):
        fill(tmp_path / name)
        assert (tmp_path / name).is_file()
        assert_intact(tmp_path / name)


class TestLocks:
    def test_a_locked_database_is_an_error_once_the_wait_is_over(self, path):
        run_ids = fill(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with Store.open(path, busy_timeout_s=0.05) as store:
                assert len(store.rows()) == 3, "a writer must not keep readers out"
                with pytest.raises(StoreError, match="stayed locked") as error:
                    store.claim(run_ids, store.worker(), PROVENANCE)
                says(error)
                other.execute("ROLLBACK")
                assert store.claim(run_ids, store.worker(), PROVENANCE).run_id == run_ids[0]


class TestFullDisk:
    def test_a_full_disk_is_an_error_and_what_was_there_stays(self, path):
        fill(path)
        runs, run_ids = plans(500)
        with Store.open(path) as store:
            event.listen(store._database.engine, "connect", lambda c, _: c.execute("PRAGMA max_page_count = 30"))
            store._database.engine.dispose()
            with pytest.raises(DiskFullError, match="disk is full") as error:
                store.plan(sweep(run_ids), runs)
            says(error, str(path))
        assert_intact(path)

    def test_a_disk_that_is_really_full_is_an_error_and_what_was_there_stays(self, small_disk):
        path = small_disk / "runs.db"
        run_ids = fill(path)
        with Store.open(path) as store:
            claim = store.claim(run_ids, store.worker(), PROVENANCE)
            _fill_up(small_disk)
            recorded = _record_while_there_is_room(store, claim)
            (small_disk / "filler").unlink()
            assert len(store.epochs(claim.run_id)) == recorded
            store.record_epoch(claim, epoch(recorded + 1))
            assert len(store.epochs(claim.run_id)) == recorded + 1
        assert_intact(path)

    def test_a_new_database_on_a_full_disk_is_an_error(self, small_disk):
        _fill_up(small_disk)
        with pytest.raises(DiskFullError):
            Store.open(small_disk / "runs.db")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # a traceback may still hold a file open


def _fill_up(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))
    assert os.statvfs(folder).f_bavail == 0


def _record_while_there_is_room(store: Store, claim: Claim) -> int:
    """Record epochs until that raises DiskFullError, and return how many were recorded."""
    for number in range(1, 10_000):
        try:
            store.record_epoch(claim, epoch(number))
        except DiskFullError:
            return number - 1
    raise AssertionError("the disk never was full")


class TestPermissions:
    @pytest.fixture
    def database(self) -> Iterator[Path]:
        """A database in a folder that every user reaches."""
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            fill(folder / "runs.db")
            yield folder / "runs.db"
            folder.chmod(0o755)

    @pytest.mark.parametrize(("file", "folder"), [(0o444, 0o555), (0o444, 0o777), (0o666, 0o555)])
    def test_a_database_that_may_only_be_read_is_read_and_nothing_is_left_beside_it(self, database, file, folder):
        database.chmod(file)
        database.parent.chmod(folder)
        rows, error = as_somebody_else(_read_and_try_to_write, database)
        assert rows == "3 rows"
        assert "cannot be written" in error
        assert error.count("|") == 2
        assert [found.name for found in database.parent.iterdir()] == ["runs.db"]
        assert_intact(database)

    def test_a_link_to_a_database_that_may_only_be_read_is_read(self, database):
        with tempfile.TemporaryDirectory(prefix="bench-") as elsewhere:
            Path(elsewhere).chmod(0o777)
            link = Path(elsewhere) / "link.db"
            link.symlink_to(database)
            database.parent.chmod(0o555)
            rows, error = as_somebody_else(_read_and_try_to_write, link)
        assert rows == "3 rows"
        assert "cannot be written" in error

    def test_what_a_writer_has_not_yet_merged_is_read_too(self, database):
        with closing(sqlite3.connect(database)) as writer:
            writer.execute("PRAGMA wal_autocheckpoint = 0")
            with writer:
                writer.execute("UPDATE runs SET dataset = 'cub'")
            for found in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
                found.chmod(0o444)
            database.parent.chmod(0o555)
            rows, _ = as_somebody_else(_read_and_try_to_write, database)
            assert rows == "3 rows"
            database.parent.chmod(0o755)

    def test_a_database_that_may_not_be_read_is_an_error(self, database):
        database.chmod(0o000)
        (error,) = as_somebody_else(_read_and_try_to_write, database)
        assert "cannot be opened" in error

    def test_a_folder_that_may_not_be_entered_is_an_error(self, database):
        database.parent.chmod(0o000)
        (error,) = as_somebody_else(_read_and_try_to_write, database)
        assert "cannot be opened" in error


def _read_and_try_to_write(path: Path) -> list[str]:
    answers = []
    try:
        with Store.open(path, create=False) as store:
            answers.append(f"{len(store.rows())} rows")
            runs, run_ids = plans(5)
            store.plan(sweep(run_ids), runs)
    except StoreError as error:
        answers.append(f"{error.what}|{error.why}|{error.todo}")
    return answers
