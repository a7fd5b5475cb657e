"""Sweeps: what was asked, planned and left out. Every function is given a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bench.errors import StoreError
from bench.records.runs import SweepRecord
from bench.spec import digest
from bench.store.flatten import rejected_columns, rejected_record
from bench.store.location import without_passwords
from bench.store.rows import SweepRow
from bench.store.schema import Run, Sweep, SweepRejected, SweepRun
from bench.store.statements import add_missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def add_plan(session: Session, asked: SweepRecord, runs: Sequence[dict[str, Any]], now: float) -> int:
    """Add the runs (`run_columns`) that are not there yet, and the sweep unless it is; return the sweep's id."""
    new = {"status": "planned", "status_at": now, "created_at": now}
    columns = [
        run | new for run in sorted(runs, key=lambda run: run["run_id"])
    ]  # always in one order: no deadlock
    add_missing(session, Run, columns)
    return _add_sweep(session, asked, now)


def extend(session: Session, sweep_id: int, runs: Sequence[dict[str, Any]], now: float) -> None:
    """Add runs (`run_columns`) to a sweep that grows, after those that it has; what is there stays as it is."""
    new = {"status": "planned", "status_at": now, "created_at": now}
    add_missing(session, Run, [run | new for run in sorted(runs, key=lambda run: run["run_id"])])
    last = session.scalar(sa.select(sa.func.max(SweepRun.position)).where(SweepRun.sweep_id == sweep_id))
    first = 0 if last is None else last + 1
    links = enumerate((run["run_id"] for run in runs), start=first)
    add_missing(session, SweepRun, [{"sweep_id": sweep_id, "run_id": r, "position": i} for i, r in links])


def sweeps(session: Session) -> list[SweepRow]:
    """Return every sweep, oldest first."""
    done = sa.func.count(sa.case((Run.status == "done", 1)))
    runs = (
        sa.select(SweepRun.sweep_id, sa.func.count().label("planned"), done.label("done"))
        .join(Run, Run.run_id == SweepRun.run_id)
        .group_by(SweepRun.sweep_id)
        .subquery()
    )
    left_out = sa.select(sa.func.count()).where(SweepRejected.sweep_id == Sweep.id).scalar_subquery()
    counts = (sa.func.coalesce(runs.c.planned, 0), sa.func.coalesce(runs.c.done, 0), left_out)
    statement = (
        sa.select(Sweep.id, Sweep.command, Sweep.dataset, Sweep.budget, Sweep.created_at, *counts)
        .outerjoin(runs, runs.c.sweep_id == Sweep.id)
        .order_by(Sweep.id)
    )
    return [SweepRow(*row) for row in session.execute(statement)]


def sweep(session: Session, sweep_id: int) -> SweepRecord:
    """Return a sweep as it was asked for, or raise StoreError."""
    found = session.get(Sweep, sweep_id)
    if found is None:
        raise _no_sweep(session, sweep_id)
    links = sa.select(SweepRun.run_id).where(SweepRun.sweep_id == sweep_id).order_by(SweepRun.position)
    columns = sa.select(*SweepRejected.__table__.columns).where(SweepRejected.sweep_id == sweep_id)
    left_out = session.execute(columns.order_by(SweepRejected.position)).mappings()
    return SweepRecord(
        command=found.command,
        dataset=found.dataset,
        budget=found.budget,
        run_ids=tuple(session.scalars(links)),
        rejected=tuple(rejected_record(dict(row)) for row in left_out),
        request=found.request,
    )


def _add_sweep(session: Session, asked: SweepRecord, now: float) -> int:
    identity = _identity(asked)
    known = session.scalars(sa.select(Sweep.id).where(Sweep.digest == identity)).first()
    if known is not None:
        return known
    add_missing(session, Sweep, [{"digest": identity, **_columns(asked), "created_at": now}])
    sweep_id = session.scalars(sa.select(Sweep.id).where(Sweep.digest == identity)).one()
    run_ids = enumerate(dict.fromkeys(asked.run_ids))
    add_missing(session, SweepRun, [{"sweep_id": sweep_id, "run_id": r, "position": i} for i, r in run_ids])
    left_out = enumerate(rejected_columns(r) for r in asked.rejected)
    add_missing(session, SweepRejected, [{"sweep_id": sweep_id, "position": i, **r} for i, r in left_out])
    return sweep_id


def _identity(asked: SweepRecord) -> str:
    left_out = [rejected_columns(rejected) for rejected in asked.rejected]
    return digest({**_columns(asked), "run_ids": list(asked.run_ids), "rejected": left_out}, "sweep")


def _columns(asked: SweepRecord) -> dict[str, Any]:
    plain = {name: getattr(asked, name) for name in ("dataset", "budget", "request")}
    command = asked.command.encode(errors="backslashreplace").decode()  # a path's bytes may be no text
    return {**plain, "command": without_passwords(command)}


def _no_sweep(session: Session, sweep_id: int) -> StoreError:
    last = session.scalars(sa.select(Sweep.id).order_by(Sweep.id.desc()).limit(8))
    return StoreError(
        f"There is no sweep {sweep_id}.",
        f"The last ones are: {', '.join(str(i) for i in last) or 'none'}.",
        "Give one of these numbers.",
    )
