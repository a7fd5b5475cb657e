"""Leases of running attempts: who holds one, when it is dead, and how an attempt ends whose lease is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from bench.store.schema import Attempt, Epoch, Run
from bench.store.worker import Process, this_host, uptime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

LEASE_S = 60.0
"""How long a process may be silent before its runs are given up."""

LOST = "LeaseExpired"
"""The `error_type` of an attempt whose process ended, or fell silent, without a word."""

LOST_IN_A_ROW = 3
"""A run fails once so many attempts in a row were lost before their first epoch: it may be what ends them."""


class Lease(NamedTuple):
    """Who runs a running attempt, and until when without being heard of again.

    `expires_at` is by the database's clock, `expires_uptime` by the seconds since its host was started: nobody can
    set those, so that a wrong clock on the host ends no lease. It is None for a host without such a clock.
    """

    attempt_id: int
    worker_id: str
    host: str
    pid: int
    process_started_at: float
    expires_at: float
    expires_uptime: float | None

    def is_dead(self, now: float) -> bool:
        """Return whether the lease is void: its process is gone, or has been silent for too long."""
        if Process(self.host, self.pid, self.process_started_at).is_gone:
            return True
        here = uptime() if self.host == this_host() else None
        if here is not None and self.expires_uptime is not None:
            return self.expires_uptime <= here
        return self.expires_at <= now


LEASE_COLUMNS = (
    Attempt.id,
    Attempt.worker_id,
    Attempt.host,
    Attempt.pid,
    Attempt.process_started_at,
    Attempt.lease_expires_at,
    Attempt.lease_expires_uptime,
)
"""The columns that a `Lease` is made of, in its order."""


def lease_columns(now: float) -> dict[str, float | None]:
    """Return the columns of a lease that begins or is renewed now, by this process."""
    here = uptime()
    return {
        "lease_expires_at": now + LEASE_S,
        "lease_expires_uptime": None if here is None else here + LEASE_S,
    }


def dead_leases(session: Session, now: float) -> dict[str, Lease]:
    """Return the dead lease of each run that is still recorded as running, by run id."""
    statement = sa.select(Attempt.run_id, *LEASE_COLUMNS).where(Attempt.status == "running")
    found = {run_id: Lease._make(row) for run_id, *row in session.execute(statement)}
    return {run_id: lease for run_id, lease in found.items() if lease.is_dead(now)}


def end_dead(session: Session, run_ids: Iterable[str], now: float) -> None:
    """Record the end of those of the runs whose lease is dead; one that is heard of meanwhile is left alone."""
    dead = dead_leases(session, now)
    for run_id in run_ids:
        same = (Run.run_id == run_id, Run.status == "running")
        locked = session.execute(sa.select(Run.run_id).where(*same).with_for_update(skip_locked=True)).first()
        if locked and run_id in dead:
            end_attempt(session, run_id, dead[run_id], now)


def end_attempt(session: Session, run_id: str, lease: Lease, now: float) -> str | None:
    """End a dead attempt at a run that is locked, and return the run's new status: interrupted, or failed.

    None where its process was heard of since the lease was read.
    """
    often = _lost_in_a_row(session, run_id, lease.attempt_id)
    status = "failed" if often >= LOST_IN_A_ROW else "interrupted"
    statement = (
        sa.update(Attempt)
        .where(Attempt.id == lease.attempt_id, Attempt.status == "running")
        .where(Attempt.lease_expires_at == lease.expires_at)  # no heartbeat since it was read
        .values(status=status, finished_at=sa.func.coalesce(_last_heard(), now), **_words(often))
    )
    result = session.execute(statement)
    if not (isinstance(result, sa.CursorResult) and result.rowcount):
        return None
    session.execute(sa.update(Run).where(Run.run_id == run_id).values(status=status, status_at=now))
    return status


def revive(session: Session, run_id: str, attempt_id: int, now: float) -> bool:
    """Give a run back to a process that was given up too early; False where another attempt has begun since."""
    latest = session.scalar(sa.select(sa.func.max(Attempt.id)).where(Attempt.run_id == run_id))
    lost = sa.select(Attempt.status).where(Attempt.id == attempt_id, Attempt.error_type == LOST)
    status = session.scalar(lost)
    if latest != attempt_id or status is None:
        return False
    nothing = dict.fromkeys(("finished_at", "error_type", "error_what", "error_why", "error_todo"))
    back = {"status": "running", **nothing, **lease_columns(now)}
    session.execute(sa.update(Attempt).where(Attempt.id == attempt_id).values(**back))
    run = sa.update(Run).where(Run.run_id == run_id).values(status="running", status_at=now)
    session.execute(run)
    return True


def _last_heard() -> sa.ColumnElement[float]:
    heard = Attempt.lease_expires_at - LEASE_S
    return sa.case((heard > Attempt.started_at, heard), else_=Attempt.started_at)


def _lost_in_a_row(session: Session, run_id: str, attempt_id: int) -> int:
    """Count the latest attempts, this one included, that were lost one after the other without any epoch."""
    statement = (
        sa.select(Attempt.id, Attempt.error_type, sa.func.count(Epoch.epoch))
        .outerjoin(Epoch, Epoch.attempt_id == Attempt.id)
        .where(Attempt.run_id == run_id)
        .group_by(Attempt.id, Attempt.error_type)
        .order_by(Attempt.id.desc())
        .limit(LOST_IN_A_ROW)
    )
    count = 0
    for found, error_type, epochs in session.execute(statement):
        if epochs or (found != attempt_id and error_type != LOST):
            break
        count += 1
    return count


def _words(often: int) -> dict[str, str]:
    what = "Its process ended, or fell silent."
    if often < LOST_IN_A_ROW:
        why, todo = "Nobody has heard of it within its lease.", "The same command goes on with the run."
    else:
        what = f"{what[:-1]}, {often} times in a row before the first epoch."
        why = "The run itself may be what ends it: most often memory runs out, and the system kills the process."
        todo = "Try a smaller batch_size or image size; the same command tries the run again."
    return {"error_type": LOST, "error_what": what, "error_why": why, "error_todo": todo}
