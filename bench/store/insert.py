"""The one statement that SQLite and PostgreSQL spell the same and SQLAlchemy does not: insert what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from bench.store.schema import Base


def add_missing(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet; the others stay as they are."""
    if not rows:
        return
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(make(table).on_conflict_do_nothing(), rows)
