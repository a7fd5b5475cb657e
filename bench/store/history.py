"""The epochs of a run, across its attempts. Every function is given a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bench.spec import canonical
from bench.store.flatten import epoch_columns, epoch_record
from bench.store.schema import Attempt, Epoch

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bench.records import EpochRecord
    from bench.store.claims import Claim

_SECONDS = ("train_s", "eval_s")


def epochs(session: Session, run_id: str) -> list[EpochRecord]:
    """Return a run's epochs in order, as its latest attempts measured them."""
    return [epoch_record(row) for row in _current(session, run_id)]


def add_epoch(session: Session, held: Claim, record: EpochRecord, now: float) -> None:
    """Add an epoch, unless the run's history already has one that measured the same."""
    known = {epoch.epoch: epoch for epoch in epochs(session, held.run_id)}.get(record.epoch)
    if known is None or _measured(known) != _measured(record):
        columns = epoch_columns(record)
        session.add(Epoch(run_id=held.run_id, attempt_id=held.attempt_id, recorded_at=now, **columns))
        session.flush()


def hardware(session: Session, held: Claim) -> str:
    """Name each hardware that a run's epochs were trained on, and the one that holds it now."""
    ids = {row["attempt_id"] for row in _current(session, held.run_id)} | {held.attempt_id}
    return " + ".join(sorted(set(session.scalars(sa.select(Attempt.hardware).where(Attempt.id.in_(ids))))))


def _current(session: Session, run_id: str) -> list[dict[str, Any]]:
    """Return the rows that make up a run's history, one per epoch.

    An attempt that measured an epoch differently from those before it has begun a history of its own: what they
    measured from that epoch on stays stored, but belongs to the run's history no longer.
    """
    statement = sa.select(*Epoch.__table__.columns).where(Epoch.run_id == run_id)
    current: list[dict[str, Any]] = []
    latest = 0
    for row in session.execute(statement.order_by(Epoch.epoch, Epoch.attempt_id.desc())).mappings():
        if row["attempt_id"] >= latest and not (current and current[-1]["epoch"] == row["epoch"]):
            latest = row["attempt_id"]
            current.append(dict(row))
    return current


def _measured(record: EpochRecord) -> str:
    """Return what an epoch measured as text (so NaN equals NaN), without its seconds, which always differ."""
    columns = epoch_columns(record)
    return canonical({name: repr(value) for name, value in columns.items() if name not in _SECONDS})
