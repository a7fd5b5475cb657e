"""Transactions on one database: what reads, what writes, and what time it is there."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.errors import StoreError
from bench.store.failures import translated
from bench.store.leases import dead_leases, end_dead
from bench.store.odd_values import CAUSED, odd_value
from bench.store.schema import Attempt, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.store.engine import Database


LOST_RUNS, LOST_ATTEMPTS = "lost_runs", "lost_attempts"


def run_status(session: Session) -> sa.ColumnElement[str]:
    """Return the status of runs as a column; "interrupted" for a lost run whose end could not be recorded."""
    runs, lost = Run.__table__.c, session.info.get(LOST_RUNS)
    return _ended(runs.status, runs.run_id.in_(lost)) if lost else runs.status


def attempt_status(session: Session) -> sa.ColumnElement[str]:
    """Return the status of attempts as a column, as `run_status` does for runs."""
    attempts, lost = Attempt.__table__.c, session.info.get(LOST_ATTEMPTS)
    return _ended(attempts.status, attempts.id.in_(lost)) if lost else attempts.status


def _ended(status: sa.ColumnElement[str], lost: sa.ColumnElement[bool]) -> sa.ColumnElement[str]:
    return sa.case((lost, "interrupted"), else_=status).label("status")


class Sessions:
    """Opens the sessions of the store and of its collections; each is one transaction, all of it or nothing.

    Raises StoreError where the database fails, DiskFullError where there is no room.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.lost: dict[str, int] = {}
        """Runs (and their attempts) that are over, although that could not be recorded."""

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads."""
        info = {LOST_RUNS: tuple(self.lost), LOST_ATTEMPTS: tuple(self.lost.values())}
        with (
            self.odd_values_named(),
            translated(self.database.location),
            Session(self.database.engine, info=info) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that may write, once nobody else does."""
        with (
            self.odd_values_named(),
            translated(self.database.location),
            Session(self.database.writer) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def odd_values_named(self) -> Iterator[None]:
        """Turn what fails because of a value that another program wrote into a StoreError that names its row."""
        try:
            yield
        except Exception as error:
            self.name_odd_value(error)
            raise

    def name_odd_value(self, error: BaseException | None) -> None:
        """Raise a StoreError if an error can come from a value of a wrong kind, and the database has one."""
        if isinstance(error, CAUSED) and (found := odd_value(self.database)) is not None:
            raise found from error

    def end_lost(self) -> None:
        """Record the end of every run whose lease is dead; where that cannot be written, remember it in `lost`."""
        with self.reading() as session:
            dead = dead_leases(session, self.now(session))
        try:
            if dead:
                with self.writing() as session:
                    end_dead(session, dead, self.now(session))
                dead = {}
        except StoreError:
            pass  # read-only, full or locked: that is no reason not to show what is there
        self.lost = {run_id: lease.attempt_id for run_id, lease in dead.items()}

    def now(self, session: Session) -> float:
        """Tell the time: PostgreSQL's own, because its clients' clocks differ; for SQLite this machine's."""
        if self.database.is_sqlite:
            return time.time()
        return float(session.scalars(sa.select(sa.extract("epoch", sa.func.clock_timestamp()))).one())
