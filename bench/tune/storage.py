"""optuna's storage in our own database: the same SQLite file, or the same PostgreSQL database.

optuna makes its tables beside ours and keeps its revision in `alembic_version`, we ours in
`bench_alembic_version`; neither looks at the other's tables. The file is in WAL mode, which its own connections
inherit. They wait for ours as another process would, so optuna is never called within a transaction of ours.
"""

from __future__ import annotations

import sqlite3
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import optuna
import sqlalchemy as sa
from optuna.exceptions import ExperimentalWarning, StorageInternalError

from bench.errors import StoreError
from bench.store.engine import BUSY_TIMEOUT_S
from bench.store.failures import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.storages import RDBStorage

    from bench.store.location import Location
    from bench.store.store import Store

TRIES = 5
"""Two processes that make optuna's tables at once may get in each other's way; the second try finds them made."""

optuna.logging.set_verbosity(optuna.logging.ERROR)  # it reports to stderr, and so do we
warnings.filterwarnings("ignore", category=ExperimentalWarning)


@contextmanager
def optuna_storage(location: Location) -> Iterator[RDBStorage]:
    """Open optuna's storage, which makes its tables where they are not there yet.

    Raises StoreError where the database fails, and where another version of optuna has made the tables.
    """
    with storage_errors(location):
        storage = _made(location)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


@contextmanager
def storage_errors(location: Location) -> Iterator[None]:
    """Turn what optuna raises where the database fails into a StoreError."""
    with translated(location):
        try:
            yield
        except StorageInternalError as error:
            if isinstance(error.__cause__, sa.exc.SQLAlchemyError):
                raise error.__cause__ from error
            raise


def has_studies(store: Store) -> bool:
    """Say whether optuna has tables in a database; asking makes none."""
    with store.sessions.reading() as session:
        return sa.inspect(session.connection()).has_table("studies")


def _made(location: Location) -> RDBStorage:
    for left in reversed(range(TRIES)):
        try:
            return optuna.storages.RDBStorage(**_arguments(location))
        except sa.exc.DBAPIError:
            if not left:
                raise
            time.sleep(0.1)
        except RuntimeError as error:
            raise StoreError(
                f"The studies in {location} are of another version of optuna.",
                f"{error}".splitlines()[0],
                "Take another database with --db, or upgrade: optuna storage upgrade --storage URL",
            ) from error
    raise AssertionError  # the last try returns or raises


def _arguments(location: Location) -> dict[str, Any]:
    """Return what opens the database as we do; optuna reads `{` in a URL as a placeholder."""
    if location.path is None:
        url = location.url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
        return {"url": url, "engine_kwargs": {"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}}
    opened = location.sqlite_url(create=False)
    options = "&".join(f"{name}={value}" for name, value in opened.query.items() if name != "uri")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{opened.database}?{options}", uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, safe from corruption
        return connection

    return {"url": "sqlite://", "engine_kwargs": {"creator": connect, "poolclass": sa.QueuePool}}
