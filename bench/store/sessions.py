"""Transactions on one database: what reads, what writes, and what time it is there."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.store.failures import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.store.engine import Database


class Sessions:
    """Opens the sessions of the store and of its collections; each is one transaction, all of it or nothing.

    Raises StoreError where the database fails, DiskFullError where there is no room.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with translated(self.database.location), Session(self.database.engine) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that may write, once nobody else does."""
        with translated(self.database.location), Session(self.database.writer) as session, session.begin():
            yield session

    def now(self, session: Session) -> float:
        """Tell the time: PostgreSQL's own, because its clients' clocks differ; for SQLite this machine's."""
        if self.database.is_sqlite:
            return time.time()
        return float(session.scalars(sa.select(sa.extract("epoch", sa.func.clock_timestamp()))).one())
