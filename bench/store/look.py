"""A database looked at and left as it is: not made, not upgraded, nothing written beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bench.store.engine import Database
from bench.store.failures import translated
from bench.store.location import Location, locate
from bench.store.migrate import check_revision, refuse_read_only, revision
from bench.store.schema import REVISIONS, Run


@dataclass(frozen=True)
class Seen:
    """Where a database is, how many runs it has, and its schema, counted from 1; this version writes `newest`."""

    location: Location
    runs: int
    schema: int
    newest: int = len(REVISIONS)


def look(where: str | os.PathLike[str] | None = None) -> Seen:
    """Look at a database, named as for `Store.open`.

    Raises StoreError where it is not there, is no database, holds no tables of ours, is newer than this version,
    or would have to be upgraded but may only be read.
    """
    location = locate(where)
    database = Database(replace(location, look_only=True), create=False)
    try:
        with translated(location), database.engine.begin() as connection:
            current = revision(connection)
            check_revision(location, current)
            runs = connection.execute(sa.select(sa.func.count()).select_from(Run)).scalar_one()
    finally:
        database.close()
    if current != REVISIONS[-1]:
        refuse_read_only(location, current)
    return Seen(location, runs, REVISIONS.index(str(current)) + 1)
