"""How a database is named, and what is said of one that cannot be reached: never its password."""

from __future__ import annotations

import sys

import pytest
import sqlalchemy as sa
from example_runs import PROVENANCE, plans, sweep
from store_steps import fill, says

from bench.errors import StoreError
from bench.store.store import Store


class TestUrls:
    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://me:s3cret@localhost:1/none",
            "postgres://me:s3cret@localhost:1/none",
            "postgresql+psycopg://me@localhost:1/none?password=s3cret",
        ],
    )
    def test_a_server_that_does_not_answer_is_an_error_without_the_password(self, url):
        pytest.importorskip("psycopg")
        with pytest.raises(StoreError, match="cannot be used") as error:
            Store.open(url)
        says(error, "localhost")
        assert "s3cret" not in str(error.value)

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://me:s3cret@host:port/none",
            "mysql://me:s3cret@host/none",
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:///runs.db?mode=ro&s3cret",
            "://s3cret",
        ],
    )
    def test_a_url_that_cannot_be_used_is_an_error_without_the_password(self, url):
        with pytest.raises(StoreError, match="cannot be used") as error:
            Store.open(url)
        says(error, "postgresql://")
        assert "s3cret" not in str(error.value)

    def test_a_missing_driver_is_an_error_with_the_command_that_brings_it(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(StoreError, match="not installed") as error:
            Store.open("postgresql://localhost/none")
        says(error, "pip install 'backbone-bench[postgresql]'")

    def test_a_path_and_its_url_are_one_database(self, path, monkeypatch):
        fill(path)
        monkeypatch.setenv("BENCH_DB", f"sqlite:///{path}")
        with Store.open() as store:
            assert str(store.location) == str(path)
            assert len(store.rows()) == 3

    def test_the_home_folder_may_be_short_and_an_unknown_users_is_a_name_like_any_other(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.chdir(tmp_path)
        for name in ("~/runs.db", "~nobody-of-this-name.db"):
            Store.open(name).close()
        assert {path.name for path in tmp_path.glob("*.db")} == {"runs.db", "~nobody-of-this-name.db"}

    def test_without_a_name_it_is_runs_db_in_the_working_folder(self, tmp_path, monkeypatch):
        monkeypatch.delenv("BENCH_DB", raising=False)
        monkeypatch.chdir(tmp_path)
        Store.open().close()
        assert (tmp_path / "runs.db").is_file()


@pytest.mark.postgres
class TestPostgresql:
    def test_a_database_that_does_not_exist_is_an_error(self, postgresql):
        url = sa.make_url(postgresql).set(database="none").render_as_string(hide_password=False)
        with pytest.raises(StoreError, match='database "none" does not exist') as error:
            Store.open(url)
        says(error)

    @pytest.mark.parametrize("url", ["postgresql"], indirect=True)
    def test_a_user_that_may_only_read_reads_and_is_told_when_writing(self, url):
        runs, run_ids = plans(3)
        with Store.open(url) as store:
            store.plan(sweep(run_ids), runs)
        reading = sa.make_url(url).update_query_dict({"options": "-c default_transaction_read_only=on"})
        with Store.open(reading.render_as_string(hide_password=False)) as store:
            assert len(store.rows()) == 3
            with pytest.raises(StoreError, match="cannot be written") as error:
                store.claim(run_ids, store.worker(), PROVENANCE)
            says(error)

    @pytest.mark.parametrize("url", ["postgresql"], indirect=True)
    def test_a_server_that_restarts_between_two_transactions_is_not_noticed(self, url):
        with Store.open(url) as store:
            store.rows()
            with store._database.engine.connect() as ours, sa.create_engine(ours.engine.url).connect() as admin:
                pid = ours.exec_driver_sql("SELECT pg_backend_pid()").scalar()
                ours.close()
                admin.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
            assert store.rows() == []
