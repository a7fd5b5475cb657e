"""Where a database is: what a user may write for it, and how it is called in messages (never with a password)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from bench.disk.bounded import expanded
from bench.errors import StoreError

DEFAULT = "runs.db"
_POSTGRESQL = {"postgresql", "postgres", "postgresql+psycopg"}
_PASSWORD = re.compile(r"(?<=://)([^\s/@:]*):[^\s@]*@|(?<=[?&])password=[^\s&'\"]*")
_SECRET = {"password", "sslpassword", "passfile", "sslkey"}


@dataclass(frozen=True)
class Location:
    """A database's URL, and its file where it is a SQLite database; `look_only` is not to write, whoever may."""

    url: sa.URL
    path: Path | None = None
    look_only: bool = False

    def __str__(self) -> str:
        """Name the database for a message: the file's path, or the URL without its secrets."""
        if self.path is not None:
            return str(self.path)
        return self.url.difference_update_query(_SECRET).render_as_string(hide_password=True)

    @property
    def identity(self) -> str:
        """Name a PostgreSQL database alike for every user and password that reaches it."""
        url = self.url
        return f"{url.host}:{url.port or 5432}/{url.database}?host={url.query.get('host')}"

    @property
    def read_only(self) -> bool:
        """Whether this is a SQLite file that this process may read but not write."""
        if self.path is None or not self.path.exists():
            return False
        return self.look_only or not (_writable(self.path) and _writable(self.path.resolve().parent))

    def sqlite_url(self, *, create: bool) -> sa.URL:
        """Return the URI that opens the file as this process may: read-only, for writing, or making it."""
        assert self.path is not None  # noqa: S101 - for mypy; only the engine asks, and only for SQLite
        file = self.path.resolve()
        query = {"uri": "true", "mode": "rwc" if create else "rw"}
        if self.read_only:
            query["mode"] = "ro"
            if not Path(f"{file}-wal").exists():  # nobody has it open
                query["immutable"] = "1"  # else SQLite makes files beside it, which the owner could not write
        return sa.URL.create("sqlite", database=f"file:{quote(os.fsencode(file))}", query=query)


def locate(text: str | os.PathLike[str] | None = None) -> Location:
    """Read a path or a URL; None means `BENCH_DB`, or `runs.db` in the working folder.

    Raises StoreError for a URL that cannot be read or a database of another kind than SQLite or PostgreSQL.
    """
    text = os.fspath(text) if text else os.environ.get("BENCH_DB") or DEFAULT
    if "://" not in text:
        return _sqlite(text)
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise _unreadable(text.split("://", 1)[0]) from None  # the cause would show the password
    if url.drivername in _POSTGRESQL:
        return Location(url.set(drivername="postgresql+psycopg"))
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:" and not url.query:
        return _sqlite(url.database)
    raise _unreadable(url.drivername)


def without_passwords(text: str) -> str:
    """Hide the password of every URL in a text, such as a command line."""
    return _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[0].endswith("@") else "password=***", text)


def _sqlite(text: str) -> Location:
    path = expanded(text)
    return Location(sa.URL.create("sqlite", database=str(path.absolute())), path)


def _unreadable(scheme: str) -> StoreError:
    return StoreError(
        f"The database URL that begins with {scheme}:// cannot be used.",
        "Runs are kept in a SQLite file or in PostgreSQL, and a URL has no options for SQLite.",
        "Write a path (runs.db), sqlite:///path/runs.db or postgresql://user:password@host:5432/name.",
    )


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK)
