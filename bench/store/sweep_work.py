"""What came of sweeps: who planned a run, the attempts at it, the feature passes it read: `store.sweep_work`.

A run's attempts and passes are kept once, whichever sweeps planned it. Those that began after a sweep was recorded
are its work; what was there before, it found done.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.store.leases import LEASE_S
from bench.store.rows import Environment, PassRead, SweepAttempt, SweepSpan
from bench.store.schema import Attempt, FeaturePassRow, Run, RunFeature, Sweep, SweepRun
from bench.store.sessions import attempt_status, run_status
from bench.store.statements import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.store.sessions import Sessions

_SEEN = sa.func.coalesce(Attempt.finished_at, Attempt.lease_expires_at - LEASE_S)
"""When an attempt ended, or else when its process was last heard of."""

_PASS = ("pass_key", "hardware", "backbone", "dataset", "images", "bytes", "seconds", "created_at")


class SweepWork:
    """What the sweeps of one database did. Every method is one transaction, and raises as those of `Store` do."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def planned_by(self, run_ids: Iterable[str] | None = None) -> dict[str, tuple[int, ...]]:
        """Return the sweeps that planned each of these runs (None: of all runs), oldest first."""
        found: dict[str, list[int]] = defaultdict(list)
        statement = sa.select(SweepRun.run_id, SweepRun.sweep_id).order_by(SweepRun.sweep_id)
        with self._sessions.reading() as session:
            for some in [None] if run_ids is None else chunks(run_ids):
                asked = statement if some is None else statement.where(SweepRun.run_id.in_(some))
                for run_id, sweep_id in session.execute(asked):
                    found[run_id].append(sweep_id)
        return {run_id: tuple(ids) for run_id, ids in found.items()}

    def statuses(self) -> dict[int, dict[str, int]]:
        """Count the runs of every sweep by their status; a sweep that planned none is left out."""
        found: dict[int, dict[str, int]] = defaultdict(dict)
        with self._sessions.reading() as session:
            status = run_status(session)
            statement = (
                sa.select(SweepRun.sweep_id, status, sa.func.count())
                .join(Run, Run.run_id == SweepRun.run_id)
                .group_by(SweepRun.sweep_id, status)
            )
            for sweep_id, name, count in session.execute(statement):
                found[sweep_id][name] = count
        return dict(found)

    def spans(self) -> dict[int, SweepSpan]:
        """Return, for every sweep at whose runs somebody worked since it was recorded, from when until when."""
        statement = (
            sa.select(
                SweepRun.sweep_id, sa.func.min(Attempt.started_at), sa.func.max(_SEEN), sa.func.count(Attempt.id)
            )
            .join(Attempt, Attempt.run_id == SweepRun.run_id)
            .join(Sweep, Sweep.id == SweepRun.sweep_id)
            .where(Attempt.started_at >= Sweep.created_at)
            .group_by(SweepRun.sweep_id)
        )
        with self._sessions.reading() as session:
            return {sweep_id: SweepSpan._make(rest) for sweep_id, *rest in session.execute(statement)}

    def attempts(self, sweep_id: int) -> list[SweepAttempt]:
        """Return every attempt at a sweep's runs, also of before it was recorded, in the order they began."""
        names = [name for name in SweepAttempt._fields if name not in ("seen_at", "command")]
        with self._sessions.reading() as session:
            status = {"status": attempt_status(session)}
            statement = (
                sa.select(*(status.get(name, getattr(Attempt, name)) for name in names), _SEEN)
                .add_columns(Attempt.provenance["command"].as_string())
                .join(SweepRun, SweepRun.run_id == Attempt.run_id)
                .where(SweepRun.sweep_id == sweep_id)
                .order_by(Attempt.started_at, Attempt.id)
            )
            return [SweepAttempt._make(row) for row in session.execute(statement)]

    def passes(self, sweep_id: int | None = None) -> list[PassRead]:
        """Return which feature passes the runs of a sweep (None: all runs) have read, run by run.

        Only runs that are done say so. What a pass cost is None where this database has not seen it.
        """
        columns = [getattr(FeaturePassRow, name) for name in _PASS]
        statement = (
            sa.select(RunFeature.run_id, RunFeature.key, *columns)
            .outerjoin(FeaturePassRow, FeaturePassRow.id == RunFeature.pass_id)
            .order_by(RunFeature.run_id, RunFeature.key)
        )
        if sweep_id is not None:
            planned = sa.select(SweepRun.run_id).where(SweepRun.sweep_id == sweep_id)
            statement = statement.where(RunFeature.run_id.in_(planned))
        with self._sessions.reading() as session:
            return [PassRead._make(row) for row in session.execute(statement)]

    def environments(self) -> list[Environment]:
        """Return on what the runs that are done were finished: hardware and library versions, most runs first."""
        versions = sa.cast(Attempt.provenance["versions"], sa.Text)
        statement = (
            sa.select(Attempt.hardware, versions, sa.func.count(sa.distinct(Attempt.run_id)))
            .where(Attempt.status == "done")
            .group_by(Attempt.hardware, versions)
        )
        with self._sessions.reading() as session:
            found = [
                Environment(hardware, json.loads(text or "{}") or {}, runs)
                for hardware, text, runs in session.execute(statement)
            ]
        return sorted(found, key=lambda one: (-one.runs, one.hardware, sorted(one.versions.items())))
