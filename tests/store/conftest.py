"""The databases that the store is tested on: a SQLite file, and PostgreSQL where it is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))  # example_runs, also in the processes we start

from bench.store.store import Store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield str(tmp_path / "runs.db")
        return
    with _new_database(request.getfixturevalue("postgresql")) as fresh:
        yield fresh


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a SQLite database may be made."""
    return tmp_path / "runs.db"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server's URL: the one that BENCH_TEST_POSTGRES names, else one started for these tests."""
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL (psycopg) is not installed")
    if given := os.environ.get("BENCH_TEST_POSTGRES"):
        yield given
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("no PostgreSQL: BENCH_TEST_POSTGRES is not set and /usr/lib/postgresql is not there")
    with _server(found[-1]) as started:
        yield started


@contextmanager
def _server(programs: Path) -> Iterator[str]:
    """Start a server that listens on a socket in a temporary folder, as another user where we are root."""
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))  # short: a socket's path has at most 107 characters
    if user:
        shutil.chown(folder, user)

    def run(program: str, *options: object) -> None:
        command = [programs / program, "-D", folder / "data", *options]
        subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    try:
        run("initdb", "-U", "bench", "-A", "trust", "--no-sync")
        run("pg_ctl", "-w", "-l", folder / "log", "-o", f"-F -k {folder} -c listen_addresses=''", "start")
        yield f"postgresql://bench@/postgres?host={folder}"
        run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _unprivileged() -> str | None:
    """Name a user that may run a server, or None where we may: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def _new_database(server: str) -> Iterator[str]:
    name = f"bench_test_{uuid.uuid4().hex}"
    at = sa.make_url(server).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(at, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield at.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
