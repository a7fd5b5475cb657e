"""What a database can do wrong, said in the three parts of a `StoreError`: the only place that translates."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.errors import DiskFullError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.store.location import Location

_ALMOST_NOTHING = 1 << 20  # bytes: with less left than this, a failed write means a full disk
_INTACT = "What was recorded before is intact."


class LeaseLostError(StoreError):
    """Another process has taken over the run that this one was working on; nothing of it may be written."""


@contextmanager
def translated(location: Location) -> Iterator[None]:
    """Turn what a driver raises into a StoreError; what is not a database's failure passes through."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise _no_driver(location) from error
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        cause = getattr(error, "orig", error)
        known = _sqlite(location, cause) if isinstance(cause, sqlite3.Error) else _postgresql(location, cause)
        if known is None:
            raise
        raise known from error
    except OSError as error:
        if isinstance(error, PermissionError):
            raise _say("CANTOPEN", location, error) from error
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise disk_full(location) from error


def disk_full(where: Location | Path) -> DiskFullError:
    """Say that there is no room."""
    return DiskFullError(
        f"{where} could not be written.",
        f"The disk is full. {_INTACT}",
        "Free some space and run the same command again: it goes on where it stopped.",
    )


def _sqlite(location: Location, error: sqlite3.Error) -> StoreError | None:
    # "SQLITE_READONLY_DIRECTORY" -> "READONLY"
    name = getattr(error, "sqlite_errorname", "SQLITE_UNKNOWN").split("_")[1]
    if name == "FULL" or (name == "IOERR" and _no_room(location)):
        return disk_full(location)
    if str(error).startswith(("no such column", "no such table")):
        name = "TABLES"
    return _say(name, location, error) if name in _SQLITE else None


def _say(name: str, location: Location, error: Exception) -> StoreError:
    return StoreError(*(part.format(location, error, _INTACT) for part in _SQLITE[name]))


def _no_room(location: Location) -> bool:
    return location.path is not None and shutil.disk_usage(location.path.parent).free < _ALMOST_NOTHING


_SQLITE = {  # {0} the database, {1} SQLite's own words, {2} "what was recorded is intact"
    "BUSY": (
        "The database {0} stayed locked.",
        "Another process has been writing to it for too long. {2}",
        "Wait for that process, or end it, and run the same command again.",
    ),
    "LOCKED": (
        "The database {0} is locked.",
        "Another connection of this process is using it. {2}",
        "Run the same command again.",
    ),
    "READONLY": (
        "The database {0} cannot be written.",
        "The file or its folder is read-only for this user. {2}",
        "Change its permissions, or give another database with --db.",
    ),
    "NOTADB": (
        "{0} is not a database.",
        "It is a file of another kind, or damaged.",
        "Give the path of a SQLite file made by bench, or of a file that does not exist yet.",
    ),
    "CORRUPT": (
        "The database {0} is damaged.",
        "SQLite says: {1}.",
        "Keep a copy, then recover it: sqlite3 {0} .recover | sqlite3 recovered.db",
    ),
    "CANTOPEN": (
        "The database {0} cannot be opened.",
        "Its folder is missing, or this user may not read or write there. {2}",
        "Check the path and its permissions.",
    ),
    "PERM": (
        "The database {0} cannot be opened.",
        "This user may not use it. {2}",
        "Change its permissions, or give another database with --db.",
    ),
    "TABLES": (
        "The database {0} has other tables than this version of bench.",
        "SQLite says: {1}. A version between two releases made it, or another program changed it. {2}",
        "Read it with the version that made it, or give another database with --db.",
    ),
    "IOERR": (
        "The database {0} could not be read or written.",
        "The disk reported an error: {1}.",
        "Check the disk (is it full, unplugged or a network drive?) and run the same command again.",
    ),
}


def _no_driver(location: Location) -> StoreError:
    return StoreError(
        f"The database {location} cannot be used.",
        "The driver for PostgreSQL (psycopg) is not installed.",
        "Install it: pip install 'backbone-bench[postgresql]'",
    )


def _postgresql(location: Location, error: object) -> StoreError | None:
    """Read PostgreSQL's own error code: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
    state = getattr(error, "sqlstate", None) or ""
    if state == "53100":
        return disk_full(location)
    if state in {"25006", "42501"}:  # a read-only transaction, insufficient privilege
        return StoreError(
            f"The database {location} cannot be written.",
            f"This user or server allows reading only. {_INTACT}",
            "Ask for the right to create and write tables there, or give another database with --db.",
        )
    refused = type(error).__name__ == "ProgrammingError" and not state  # psycopg's own: an option that is unknown
    if type(error).__name__ != "OperationalError" and not (
        refused or state.startswith(("08", "28", "3D", "40", "42704", "55", "57", "58"))
    ):
        return None
    return StoreError(
        f"The database {location} cannot be used.",
        f"PostgreSQL says: {' '.join(str(error).split())}",
        "Check that the server runs, and each part of the URL: host, port, user, password, database, options.",
    )
