"""Checksums of the files that belong to runs, and what the runs measured: what files are held against."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import sqlalchemy as sa

from bench.store.schema import Run
from bench.store.schema_derived import RunArtifact
from bench.store.statements import add_missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from bench.store.sessions import Sessions

Kind = Literal["predictions", "weights"]

LOSS_TOLERANCE = 1e-7
"""A loss that is computed again may differ by this share: another numpy adds up in another order."""


class Stamp(NamedTuple):
    """A file of a run as it was written: its checksum and size."""

    run_id: str
    kind: Kind
    checksum: str
    bytes: int


class Measured(NamedTuple):
    """The metrics of a run that follow from its predictions."""

    top1: float
    loss: float

    def agrees(self, stored: Measured) -> bool:
        """Whether it is the same measurement as the stored one."""
        return all(_is_same(one, other) for one, other in zip(self, stored, strict=True))


def _is_same(one: float, other: float) -> bool:
    both_nan = math.isnan(one) and math.isnan(other)
    return both_nan or math.isclose(one, other, rel_tol=LOSS_TOLERANCE, abs_tol=1e-9)


class Stamps:
    """The stamps of one database. Every method is one transaction, and raises as those of `Store` do."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def find(self, run_id: str, kind: Kind) -> Stamp | None:
        """Return a file's stamp; None if it was written before there were any."""
        with self._sessions.reading() as session:
            row = session.get(RunArtifact, (run_id, kind))
            return None if row is None else Stamp(run_id, kind, row.checksum, row.bytes)

    def put(self, stamp: Stamp) -> None:
        """Stamp a file; an earlier file of the same kind has been replaced."""
        with self._sessions.writing() as session:
            add_stamps(session, [stamp], self._sessions.now(session))

    def measured(self, run_id: str) -> tuple[Measured, Measured] | None:
        """Return what a run that is done measured on val and test; None if that is not known."""
        columns = (Run.val_top1, Run.val_loss, Run.test_top1, Run.test_loss)
        with self._sessions.reading() as session:
            found = session.execute(sa.select(*columns).where(Run.run_id == run_id, Run.status == "done")).first()
        numbers = [number for number in found or () if number is not None]
        if len(numbers) < len(columns):
            return None
        return Measured(*numbers[:2]), Measured(*numbers[2:])


def add_stamps(session: Session, stamps: Iterable[Stamp], now: float) -> None:
    """Stamp files in a transaction of the caller's; earlier stamps are replaced with their files."""
    for stamp in stamps:
        same = (RunArtifact.run_id == stamp.run_id, RunArtifact.kind == stamp.kind)
        session.execute(sa.delete(RunArtifact).where(*same))
        add_missing(session, RunArtifact, [{**stamp._asdict(), "created_at": now}])
