"""One database, opened: how its connections behave, and how its transactions begin."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event

from bench.disk.atomic import LONGEST_SHOWN
from bench.disk.mounts import DATABASE_CONSEQUENCE, warn_of_network
from bench.errors import StoreError
from bench.spec import canonical
from bench.store.failures import translated

if TYPE_CHECKING:
    from bench.store.location import Location

BUSY_TIMEOUT_S = 30.0
_WRITES = "bench_writes"


class Database:
    """An engine, and a second view of it (`writer`) whose transactions take the write lock when they begin.

    A SQLite transaction that reads and then writes can lose the database to another writer in between; so the
    writer begins with `BEGIN IMMEDIATE` and waits for its turn, at most `busy_timeout_s` seconds.
    """

    def __init__(self, location: Location, *, create: bool, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.location = location
        with translated(location):
            self.engine = _engine(location, create=create, busy_timeout_s=busy_timeout_s)
        self.writer = self.engine.execution_options(**{_WRITES: True})

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.location.path is not None

    def close(self) -> None:
        """Close every connection."""
        with translated(self.location):
            self.engine.dispose()


def _engine(location: Location, *, create: bool, busy_timeout_s: float) -> sa.Engine:
    if location.path is None:
        return sa.create_engine(
            location.url,
            json_serializer=_write_json,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10},
        )
    _check_file(location, create=create)
    warn_of_network(location.path.parent, "The folder of the database", DATABASE_CONSEQUENCE)
    engine = sa.create_engine(
        location.sqlite_url(create=create),
        json_serializer=_write_json,
        # isolation_level None: the driver begins nothing by itself, `_begin` does
        connect_args={"timeout": busy_timeout_s, "isolation_level": None},
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "connect", _reader if location.read_only else _configure)
    return engine


def _check_file(location: Location, *, create: bool) -> None:
    path = location.path
    if path is None or path.is_file():
        return
    try:
        path.stat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # a name too long, links in a circle, a zero byte
        reason = getattr(error, "strerror", None) or error
        shown = str(path) if len(str(path)) <= LONGEST_SHOWN else f"{str(path)[:LONGEST_SHOWN]}..."
        raise StoreError(f"{shown} names no database.", f"{reason}.", "Give another path with --db.") from error
    if path.exists():
        raise StoreError(
            f"{path} is not a database.", "It is not a file.", "Give the path of a file, such as runs.db."
        )
    if not create:
        raise StoreError(
            f"There is no database {path}.",
            "Nothing has been run into it yet, or it lies elsewhere.",
            "Start with `bench sweep`, or name the database with --db or BENCH_DB.",
        )
    if not path.parent.is_dir():
        raise StoreError(
            f"The database {path} cannot be made.",
            f"There is no folder {path.parent}.",
            f"Make it (mkdir -p {path.parent}) or give another path.",
        )


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, safe from corruption
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _switch_to_wal(connection)


def _switch_to_wal(connection: sqlite3.Connection, tries: int = 100) -> None:
    """Ask until it works: SQLite does not wait when two connections switch the journal at once."""
    for left in reversed(range(tries)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or not left:
                raise
            time.sleep(0.05)
        else:
            return


def _write_json(value: object) -> str:
    """Write canonical JSON that every database accepts: a path's undecodable bytes become JSON escapes."""
    return canonical(value).encode("utf-8", "backslashreplace").decode()
