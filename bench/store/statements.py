"""What statements need on both databases: inserting only what is missing, and naming many runs."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from bench.store.schema import Base

CHUNK = 500
"""How many run ids one statement names at most: every database takes that many."""


def add_missing(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet; the others stay as they are."""
    if not rows:
        return
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(make(table).on_conflict_do_nothing(), rows)


def chunks(run_ids: Iterable[str]) -> Iterator[list[str]]:
    """Split run ids into lists that one statement can name."""
    rest = iter(run_ids)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
