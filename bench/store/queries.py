"""Runs and attempts, looked up. Every function is given a session and only reads."""

from __future__ import annotations

import dataclasses
import math
from collections import namedtuple
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from bench.errors import StoreError
from bench.records.runs import ValMetrics
from bench.store.leases import LEASE_COLUMNS, Lease
from bench.store.odd_values import OddValueError, are_plain
from bench.store.rows import AttemptRow, RunRow, StoredRun
from bench.store.schema import Attempt, Run, SweepRun
from bench.store.schema_derived import EnsembleMemberRow
from bench.store.sessions import attempt_status, run_status
from bench.store.statements import chunks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

_TABLE = Run.__table__
_by_age = attrgetter("created_at", "run_id")
_ID_DIGITS = 64
_SHOWN = 8  # candidates in an error message


def rows(
    session: Session, filters: Mapping[str, str | int | None], only: Collection[str] | None = None
) -> list[RunRow]:
    """Return the runs whose columns equal the filters that are not None, oldest first; `sweep` is a sweep's id.

    Of very many runs most of the time goes into values that nobody looks at. With `only`, rows hold just those
    columns, the id and `created_at`; asking a row for another raises AttributeError.
    """
    names = [name for name in RunRow._fields if only is None or name in {*only, "run_id", "created_at"}]
    kind = RunRow if only is None else cast("type[RunRow]", namedtuple("LeanRunRow", names))  # noqa: PYI024 - made here
    columns = _columns(session)
    statement = sa.select(*(columns[name] for name in names))
    for name, value in filters.items():
        if value is None:
            continue
        if name == "sweep":
            members = sa.select(SweepRun.run_id).where(SweepRun.sweep_id == value)
            statement = statement.where(_TABLE.c.run_id.in_(members))
        else:
            statement = statement.where(columns[name] == value)
    read = session.connection().execute(statement)  # not through the session: it would look at every row
    found = list(map(kind._make, read))
    if not are_plain([_TABLE.c[name] for name in names], found):
        raise OddValueError
    found.sort(key=_by_age)  # faster than in SQL, where whole rows are moved
    return found


def run(session: Session, prefix: str) -> StoredRun:
    """Return the one run whose id begins with `prefix`, or raise StoreError that names the candidates.

    Of the id of an ensemble the error says what it is, and its runs.
    """
    digits = prefix.lower() if prefix.isascii() and len(prefix) <= _ID_DIGITS else "?"  # nothing else begins an id
    begins = Run.run_id.startswith(digits, autoescape=True)
    columns = [_columns(session)[name] for name in RunRow._fields]
    found = session.execute(sa.select(_TABLE.c.spec, *columns).where(begins).limit(_SHOWN)).all()
    if len(found) == 1:
        spec, *values = found[0]
        if not are_plain([_TABLE.c[name] for name in RunRow._fields], [values]):
            raise OddValueError
        return StoredRun(RunRow._make(values), spec)
    if found:
        raise StoreError(
            f"Several runs begin with {prefix!r}.",
            f"They are: {_shown([row.run_id for row in found])}.",
            "Write more digits of the one you mean.",
        )
    if members := _members(session, digits):
        raise StoreError(
            f"{prefix!r} is an ensemble, not a run.",
            f"It is made of the runs {_shown(members)}; it has no model, epochs or predictions of its own.",
            f"`bench show {prefix}` shows it, `bench ensembles` lists all; else name one of its runs.",
        )
    raise StoreError(
        f"No run begins with {prefix!r}.",
        f"Nearest: {_shown(_nearest(session, prefix.lower())) or 'none, there are no runs'}.",
        "`bench runs` lists the runs.",
    )


def statuses(session: Session, run_ids: Iterable[str]) -> dict[str, str]:
    """Return the status of each of the runs that the database knows."""
    statement = sa.select(Run.run_id, run_status(session))
    found: dict[str, str] = {}
    for chunk in chunks(run_ids):
        found |= {row.run_id: row.status for row in session.execute(statement.where(Run.run_id.in_(chunk)))}
    return found


def val_metrics(session: Session, run_ids: Iterable[str]) -> dict[str, ValMetrics]:
    """Return what each of the runs that is done measured on val; one without a finite result is missing."""
    measured = (Run.val_top1, Run.val_top5, Run.val_loss, Run.val_macro_f1, Run.val_n)
    statement = sa.select(Run.run_id, *measured, Run.val_balanced_accuracy).where(Run.status == "done")
    found: dict[str, ValMetrics] = {}
    for chunk in chunks(run_ids):
        for run_id, top1, top5, loss, macro_f1, n, balanced in session.execute(
            statement.where(Run.run_id.in_(chunk))
        ):
            if not (top1 is None or top5 is None or loss is None or macro_f1 is None or n is None):
                balanced_accuracy = math.nan if balanced is None else balanced
                found[run_id] = ValMetrics(top1, top5, loss, macro_f1, n, balanced_accuracy)
    return found


def leases(session: Session, run_ids: Iterable[str]) -> dict[str, Lease]:
    """Return the lease of each of the runs that is running, dead or alive."""
    statement = sa.select(Attempt.run_id, *LEASE_COLUMNS).where(Attempt.status == "running")
    found: dict[str, Lease] = {}
    for chunk in chunks(run_ids):
        found |= {
            run_id: Lease._make(row)
            for run_id, *row in session.execute(statement.where(Attempt.run_id.in_(chunk)))
        }
    return found


def attempts_so_far(session: Session) -> tuple[int, list[int]]:
    """Return the number of the last attempt (0 before the first), and of those that are running."""
    last = session.scalar(sa.select(sa.func.max(Attempt.id))) or 0
    return last, list(session.scalars(sa.select(Attempt.id).where(Attempt.status == "running")))


def attempts(session: Session, run_id: str) -> list[AttemptRow]:
    """Return every try at a run, first to last."""
    status = {"status": attempt_status(session)}
    names = [field.name for field in dataclasses.fields(AttemptRow)]
    columns = [status.get(name, getattr(Attempt, name)) for name in names]
    statement = sa.select(*columns).where(Attempt.run_id == run_id).order_by(Attempt.number)
    return [AttemptRow(*row) for row in session.execute(statement)]


def _columns(session: Session) -> dict[str, sa.ColumnElement[Any]]:
    return {**_TABLE.c, "status": run_status(session)}


def _members(session: Session, digits: str) -> Sequence[str]:
    """Return the runs of the ensemble whose id begins so, largest weight first; none where no ensemble does."""
    begins = EnsembleMemberRow.ensemble_id.startswith(digits, autoescape=True)
    first = sa.select(sa.func.min(EnsembleMemberRow.ensemble_id)).where(begins).scalar_subquery()
    members = sa.select(EnsembleMemberRow.run_id).where(EnsembleMemberRow.ensemble_id == first)
    return session.scalars(members.order_by(EnsembleMemberRow.position)).all()


def _nearest(session: Session, prefix: str) -> Sequence[str]:
    """Return ids that share the longest beginning with `prefix`; the newest where none shares any."""
    newest = sa.select(Run.run_id).order_by(Run.created_at.desc(), Run.run_id).limit(_SHOWN)
    for length in range(min(len(prefix) - 1, _ID_DIGITS), -1, -1):
        begins = Run.run_id.startswith(prefix[:length], autoescape=True)
        if found := session.scalars(newest.where(begins)).all():
            return found
    return []


def _shown(run_ids: Sequence[str]) -> str:
    return ", ".join(run_id[:12] for run_id in run_ids)
