"""The epochs of runs, across their attempts. Every function is given a session."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bench.records.rungs import Standing
from bench.spec import canonical
from bench.store.flatten import epoch_columns, epoch_record
from bench.store.odd_values import OddValueError, are_plain
from bench.store.schema import Attempt, Epoch, Run
from bench.store.statements import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from bench.records.runs import EpochRecord
    from bench.spec import Metric
    from bench.store.claims import Claim

_SECONDS = ("train_s", "eval_s")


def epochs(session: Session, run_id: str) -> list[EpochRecord]:
    """Return a run's epochs in order, as its latest attempts measured them."""
    return [epoch_record(row) for row in _current(_all(session, run_id))]


def add_epoch(session: Session, held: Claim, record: EpochRecord, now: float) -> None:
    """Add an epoch, unless the run's history already has one that measured the same."""
    known = {epoch.epoch: epoch for epoch in epochs(session, held.run_id)}.get(record.epoch)
    if known is None or _measured(known) != _measured(record):
        columns = epoch_columns(record)
        session.add(Epoch(run_id=held.run_id, attempt_id=held.attempt_id, recorded_at=now, **columns))
        session.flush()


def hardware(session: Session, held: Claim, also: str = "") -> str:
    """Name each hardware that a run's epochs were trained on, the one that holds it now, and `also`."""
    ids = {row["attempt_id"] for row in _current(_all(session, held.run_id))} | {held.attempt_id}
    found = set(session.scalars(sa.select(Attempt.hardware).where(Attempt.id.in_(ids))))
    return " + ".join(sorted(found | {also} - {""}))


def standings(session: Session, metric: Metric, reached: Mapping[str, int]) -> list[Standing]:
    """Return those of the runs that have done the epoch that `reached` asks of each.

    A value is the best of `metric` up to that epoch, a loss with its sign turned. A run that was done earlier
    (early stopping) stands with what it had; one that diverged does not stand.
    """
    value = -Epoch.val_loss if metric == "val_loss" else getattr(Epoch, metric)
    statement = (
        sa.select(Run.run_id, Run.group_id, Run.status, Run.status_at, Epoch.epoch, Epoch.attempt_id)
        .add_columns(Epoch.recorded_at, value.label("value"))
        .join(Epoch, Epoch.run_id == Run.run_id)
        .where(Epoch.epoch <= max(reached.values(), default=0))
        .order_by(Run.run_id, Epoch.epoch, Epoch.attempt_id.desc())
    )
    found = []
    for chunk in chunks(reached):
        rows = session.execute(statement.where(Run.run_id.in_(chunk))).mappings()
        for run_id, own in groupby(rows, lambda row: str(row["run_id"])):
            standing = _standing(_current(own), reached[run_id])
            found += [standing] if standing else []
    return found


def _standing(history: list[dict[str, Any]], reached: int) -> Standing | None:
    done = [row for row in history if row["epoch"] <= reached]
    last = done[-1] if done else None
    if last is None or last["status"] == "diverged" or (last["epoch"] != reached and last["status"] != "done"):
        return None
    best = max((row["value"] for row in done if row["value"] is not None), default=float("nan"))
    since = last["recorded_at"] if last["epoch"] == reached else last["status_at"]
    return Standing(last["run_id"], last["group_id"], best, since)


def _all(session: Session, run_id: str) -> Iterable[sa.RowMapping]:
    statement = sa.select(*Epoch.__table__.columns).where(Epoch.run_id == run_id)
    found = session.execute(statement.order_by(Epoch.epoch, Epoch.attempt_id.desc())).mappings().all()
    if not are_plain(Epoch.__table__.columns.values(), [tuple(row.values()) for row in found]):
        raise OddValueError
    return found


def _current(rows: Iterable[sa.RowMapping]) -> list[dict[str, Any]]:
    """Return the rows of a run's history, one per epoch, from all its rows by epoch, the latest attempt first.

    An attempt that measured an epoch differently from those before it has begun a history of its own: what they
    measured from that epoch on stays stored, but belongs to the run's history no longer.
    """
    current: list[dict[str, Any]] = []
    latest = 0
    for row in rows:
        if row["attempt_id"] >= latest and not (current and current[-1]["epoch"] == row["epoch"]):
            latest = row["attempt_id"]
            current.append(dict(row))
    return current


def _measured(record: EpochRecord) -> str:
    """Return what an epoch measured as text (so NaN equals NaN), without its seconds, which always differ."""
    columns = epoch_columns(record)
    return canonical({name: repr(value) for name, value in columns.items() if name not in _SECONDS})
