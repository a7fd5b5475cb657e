"""Whether a database has changed: asked often, by who shows it while others write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.store.schema import Attempt, Run, Sweep, SweepRun
from bench.store.schema_derived import EnsembleRow, TransferRow

if TYPE_CHECKING:
    from bench.store.sessions import Sessions

Stamp = tuple[tuple[object, ...], ...]


def stamp(sessions: Sessions) -> Stamp:
    """Return what differs whenever a run, a sweep, an ensemble or an evaluation is added, or a run's status moves.

    Only indices and small tables are read. That an epoch ended, or a lease was renewed, does not show.
    """
    asked = (
        sa.select(sa.func.max(Attempt.id)),
        sa.select(sa.func.max(Sweep.id)),
        sa.select(sa.func.count()).select_from(SweepRun),
        sa.select(sa.func.max(EnsembleRow.created_at)),
        sa.select(sa.func.max(TransferRow.created_at)),
    )
    statuses = (
        sa.select(Run.dataset, Run.status, sa.func.count())
        .group_by(Run.dataset, Run.status)
        .order_by(Run.dataset, Run.status)
    )
    with sessions.reading() as session:
        counts = [tuple(row) for row in session.execute(statuses)]
        return (*counts, *((session.scalar(each),) for each in asked), tuple(sessions.lost))
