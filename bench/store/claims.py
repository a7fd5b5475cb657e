"""Who works on which run: taking one, keeping it, giving it back. Every function is given a writing session."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import sqlalchemy as sa

from bench.errors import BenchError
from bench.store.failures import LeaseLostError
from bench.store.flatten import provenance_columns
from bench.store.leases import LEASE_COLUMNS, Lease, end_attempt, lease_columns, revive
from bench.store.schema import Attempt, Run
from bench.store.statements import chunks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from bench.records.runs import Provenance, Status
    from bench.store.worker import Worker

Ended = Literal["failed", "diverged", "interrupted", "pruned"]

ENDED_BADLY = ("failed", "diverged")
"""How a run ends that another attempt may be made at."""

RETRY = frozenset({"failed"})
"""The statuses that are retried by default: a diverged run would diverge again."""

_OPEN = ("planned", "interrupted", "running")


@dataclass(frozen=True)
class Claim:
    """A run that this worker alone may work on, as its `number`-th attempt (from 1)."""

    run_id: str
    attempt_id: int
    number: int


def claim(
    session: Session,
    run_ids: Sequence[str],
    worker: Worker,
    provenance: Provenance,
    now: float,
    *,
    retry: Collection[str],
    resume_pruned: bool,
) -> Claim | None:
    """Take the first run that is free, or None where there is none."""
    statuses = (*_OPEN, *retry, *(("pruned",) if resume_pruned else ()))
    for run in _open_runs(session, run_ids, statuses):
        if _is_free(session, run, worker, now) and _take(session, run, now):
            return _begin_attempt(session, run.run_id, worker, provenance, now)
    return None


def hold(session: Session, held: Claim, now: float) -> None:
    """Renew a lease and lock its run, or raise LeaseLostError where the lease is no longer this claim's."""
    session.execute(sa.select(Run.run_id).where(Run.run_id == held.run_id).with_for_update())
    _renew(session, held, now)


def _renew(session: Session, held: Claim, now: float) -> None:
    """Renew a lease whose run is locked, or raise LeaseLostError.

    An expired lease is renewed too, as long as nobody has taken the run over: that somebody saw it expire, and
    recorded that the run was lost, costs nothing.
    """
    statement = (
        sa.update(Attempt)
        .where(Attempt.id == held.attempt_id, Attempt.status == "running")
        .values(**lease_columns(now))
    )
    if not (_changes(session, statement) or revive(session, held.run_id, held.attempt_id, now)):
        raise LeaseLostError(
            f"Run {held.run_id[:12]} is no longer this process's.",
            "It was silent for too long, and another process has taken the run over.",
            "Nothing was written, and nothing has to be done: the other process finishes the run.",
        )


def settle(
    session: Session,
    held: Claim,
    status: Status,
    now: float,
    *,
    error: BaseException | None = None,
    columns: Mapping[str, object] | None = None,
) -> None:
    """End an attempt that `hold` has locked: its status and error, and the run's status and columns."""
    session.execute(
        sa.update(Attempt)
        .where(Attempt.id == held.attempt_id)
        .values(status=status, finished_at=now, **_error_columns(error))
    )
    session.execute(
        sa.update(Run).where(Run.run_id == held.run_id).values(status=status, status_at=now, **(columns or {}))
    )


class _OpenRun(NamedTuple):
    run_id: str
    status: str
    status_at: float
    lease: Lease | None


def _open_runs(session: Session, run_ids: Sequence[str], statuses: Sequence[str]) -> Iterator[_OpenRun]:
    """Yield the runs in these statuses, in the given order, with the lease of those that are running."""
    statement = (
        sa.select(Run.run_id, Run.status, Run.status_at, *LEASE_COLUMNS)
        .outerjoin(Attempt, sa.and_(Attempt.run_id == Run.run_id, Attempt.status == "running"))
        .where(Run.status.in_(statuses))
    )
    for chunk in chunks(run_ids):
        found = {}
        for run_id, status, status_at, *lease in session.execute(statement.where(Run.run_id.in_(chunk))):
            found[run_id] = _OpenRun(run_id, status, status_at, None if lease[0] is None else Lease._make(lease))
        yield from (found[run_id] for run_id in chunk if run_id in found)


def _is_free(session: Session, run: _OpenRun, worker: Worker, now: float) -> bool:
    if run.status in ENDED_BADLY:  # what failed since this sweep began is not tried again by it
        last = session.scalar(sa.select(sa.func.max(Attempt.id)).where(Attempt.run_id == run.run_id))
        return worker.began_after(last or 0)
    return run.lease is None or run.lease.is_dead(now)


def _take(session: Session, run: _OpenRun, now: float) -> bool:
    """Lock a run that looked free, and end its dead attempt; False where it is not free after all."""
    same = (Run.run_id == run.run_id, Run.status == run.status, Run.status_at == run.status_at)
    if session.execute(sa.select(Run.run_id).where(*same).with_for_update(skip_locked=True)).first() is None:
        return False
    return run.lease is None or end_attempt(session, run.run_id, run.lease, now) == "interrupted"


def _begin_attempt(session: Session, run_id: str, worker: Worker, provenance: Provenance, now: float) -> Claim:
    made = session.scalar(sa.select(sa.func.max(Attempt.number)).where(Attempt.run_id == run_id))
    attempt = Attempt(
        run_id=run_id,
        number=(made or 0) + 1,
        status="running",
        worker_id=worker.id,
        host=worker.process.host,
        pid=worker.process.pid,
        process_started_at=worker.process.started_at,
        started_at=now,
        **lease_columns(now),
        **provenance_columns(provenance),
    )
    session.add(attempt)
    started = {"status": "running", "status_at": now, "pruned_at_epoch": None, "rung": None}
    session.execute(sa.update(Run).where(Run.run_id == run_id).values(**started))
    session.flush()
    return Claim(run_id, attempt.id, attempt.number)


def _changes(session: Session, statement: sa.Update) -> bool:
    """Execute an update and tell whether it found its row."""
    result = session.execute(statement)
    assert isinstance(result, sa.CursorResult)  # noqa: S101 - for mypy: an update always gives one
    return result.rowcount > 0


def _error_columns(error: BaseException | None) -> dict[str, str | None]:
    if error is None:
        return {}
    columns: dict[str, str | None] = {"error_type": type(error).__name__, "error_what": str(error)}
    if isinstance(error, BenchError):
        columns |= {"error_what": error.what, "error_why": error.why, "error_todo": error.todo}
        if error.__cause__ is None or isinstance(error.__cause__, BenchError):
            return columns
    return columns | {"error_trace": "".join(traceback.format_exception(error))}
