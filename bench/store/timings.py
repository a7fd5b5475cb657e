"""Timings: what `bench timing` measured. Every function is given a session."""

from __future__ import annotations

import dataclasses
import difflib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.errors import StoreError
from bench.records.runs import Provenance
from bench.records.timings import Case, CaseTiming, Timing
from bench.store.flatten import provenance_columns
from bench.store.rows import TimingSummary
from bench.store.schema import TimingRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_SHOWN = 8  # names in an error message


def add(session: Session, made: Timing, now: float) -> None:
    """Add a timing, a row per case. Raises StoreError where its name is taken."""
    if session.scalars(sa.select(TimingRow.id).where(TimingRow.name == made.name).limit(1)).first() is not None:
        raise taken(made.name)
    origin = {**provenance_columns(made.provenance), "threads": made.provenance.threads}
    for timed in made.cases:
        seconds = {"samples": list(timed.samples), "reference_samples": list(timed.reference)}
        case = dataclasses.asdict(timed.case)
        session.add(TimingRow(name=made.name, created_at=now, **origin, **case, **seconds))


def find(session: Session, name: str) -> Timing:
    """Return a timing. Raises StoreError, which names the nearest and the last, where there is none."""
    rows = session.scalars(sa.select(TimingRow).where(TimingRow.name == name).order_by(TimingRow.id)).all()
    if not rows:
        raise _unknown(session, name)
    fields = [field.name for field in dataclasses.fields(Case)]
    try:
        cases = tuple(
            CaseTiming(
                Case(*(getattr(row, f) for f in fields)), _seconds(row.samples), _seconds(row.reference_samples)
            )
            for row in rows
        )
        return Timing(name, Provenance(**rows[0].provenance), cases, rows[0].created_at)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"The timing {name!r} cannot be read.",
            f"Its samples or its provenance are not as bench writes them: {error}.",
            "Restore a copy of the database, or measure again and --save another name.",
        ) from error


def _seconds(samples: list[float]) -> tuple[float, ...]:
    if not samples or not min(samples) > 0:
        raise ValueError("samples are seconds, at least one")
    return tuple(map(float, samples))


def summaries(session: Session) -> list[TimingSummary]:
    """Return every timing without its samples, oldest first."""
    first = sa.func.min(TimingRow.id)
    statement = (
        sa.select(TimingRow.name, sa.func.min(TimingRow.created_at))
        .add_columns(sa.func.min(TimingRow.hardware), sa.func.min(TimingRow.threads), sa.func.count())
        .group_by(TimingRow.name)
        .order_by(first)
    )
    return [TimingSummary._make(row) for row in session.execute(statement)]


def taken(name: str) -> StoreError:
    """Say that a name is taken."""
    return StoreError(
        f"There is a timing {name!r} already.",
        "A timing is never overwritten: others may have compared with it.",
        "Save it under another name; `bench timing --list` shows those there are.",
    )


def _unknown(session: Session, name: str) -> StoreError:
    names = [summary.name for summary in summaries(session)]
    shown = dict.fromkeys([*difflib.get_close_matches(name, names), *names[::-1][:_SHOWN]])
    return StoreError(
        f"There is no timing {name!r}.",
        f"There is: {', '.join(shown)}." if shown else "Nothing was timed yet.",
        "`bench timing --list` shows all; `bench timing --save NAME` makes one.",
    )
