"""Bring a database's schema up to date: a new one is made, an old one copied and upgraded, a newer one refused.

The revision is kept in our own version table, because other tools (optuna) may share the database. Alembic is
imported only when there is something to do.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.errors import StoreError
from bench.store.backup import back_up
from bench.store.failures import translated
from bench.store.schema import REVISIONS, Base

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.store.engine import Database
    from bench.store.location import Location

VERSION_TABLE = "bench_alembic_version"
SCRIPTS = Path(__file__).with_name("migrations")
_LOCK = 0x62656E6368  # "bench": the key of PostgreSQL's advisory lock around an upgrade


def ensure_schema(
    database: Database, *, create: bool, revisions: Sequence[str] = REVISIONS, scripts: Path = SCRIPTS
) -> None:
    """Make or upgrade the tables unless they are as `revisions[-1]` has them.

    Raises StoreError where the database is newer than `revisions`, where it holds no runs and `create` is false,
    and where it is old and may only be read.
    """
    with translated(database.location), database.engine.begin() as connection:
        current = revision(connection)
    if current == revisions[-1]:
        return
    check_revision(database.location, current, revisions, create=create)
    refuse_read_only(database.location, current, revisions)
    with translated(database.location), _alone(database) as connection:
        current = revision(connection)  # another process may have been first
        if current == revisions[-1]:
            return
        if current is None:
            _refuse_foreign(database, connection)
        elif database.location.path is not None:
            back_up(database.location.path, revisions.index(current) + 1)
        _run_migrations(connection, scripts)


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Tell alembic which tables it may compare and change: those of bench, never another tool's."""
    return kind != "table" or name in Base.metadata.tables


def revision(connection: sa.Connection) -> str | None:
    """Return the revision of our tables, or None where there are none."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    return None if found is None else str(found)


def check_revision(
    where: Location, current: str | None, revisions: Sequence[str] = REVISIONS, *, create: bool = False
) -> None:
    """Raise StoreError where a database has no tables of ours and is not to be made, or is newer than we know."""
    if current is None and not create:
        raise StoreError(
            f"The database {where} holds no runs.",
            "bench has never written to it.",
            "Start with `bench sweep`, or name another database with --db or BENCH_DB.",
        )
    if current is not None and current not in revisions:
        raise StoreError(
            f"The database {where} was written by a newer bench.",
            f"Its schema is {current}; this version knows schemas up to {revisions[-1]}. Nothing was changed.",
            "Upgrade: pip install --upgrade backbone-bench",
        )


def refuse_read_only(where: Location, current: str | None, revisions: Sequence[str] = REVISIONS) -> None:
    """Raise StoreError where a database that has to be upgraded may only be read."""
    if where.read_only:
        raise StoreError(
            f"The database {where} has to be upgraded, but cannot be written.",
            f"Its schema is {current or 'empty'}; this version reads {revisions[-1]}.",
            "Copy it to a folder that you may write to, and open the copy with --db.",
        )


def _refuse_foreign(database: Database, connection: sa.Connection) -> None:
    taken = sorted(set(sa.inspect(connection).get_table_names()) & Base.metadata.tables.keys())
    if taken:
        raise StoreError(
            f"The database {database.location} belongs to another tool.",
            f"It has tables that bench did not make: {', '.join(taken)}. Nothing was changed.",
            "Name another database with --db or BENCH_DB.",
        )


@contextmanager
def _alone(database: Database) -> Iterator[sa.Connection]:
    """Begin the one transaction in which a schema changes; whoever comes at the same time waits."""
    with database.writer.connect() as connection:
        if database.is_sqlite:
            _enforce_foreign_keys(connection, on=False)  # a table that is made anew is dropped for a moment
        try:
            with connection.begin():
                if not database.is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                yield connection
        finally:
            if database.is_sqlite:
                _enforce_foreign_keys(connection, on=True)


def _enforce_foreign_keys(connection: sa.Connection, *, on: bool) -> None:
    """Tell the driver itself, because SQLite ignores this inside a transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - for mypy: the connection is open
    driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _run_migrations(connection: sa.Connection, scripts: Path) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        for table in Base.metadata.tables:
            if connection.exec_driver_sql(f"PRAGMA foreign_key_check({table})").first():
                raise RuntimeError(f"A migration broke a foreign key of {table}.")
