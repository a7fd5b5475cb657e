"""Checksums of the files that belong to runs, and what the runs measured: what files are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import sqlalchemy as sa

from bench.joint import spans
from bench.ranks import ranks
from bench.store.schema import Run
from bench.store.schema_derived import RunArtifact
from bench.store.statements import add_missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt
    from sqlalchemy.orm import Session

    from bench.store.predictions import Predictions, RunPredictions
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
    """What a run measured, as far as its predictions tell."""

    top1: float
    loss: float

    def agrees(self, stored: Measured) -> bool:
        """Whether it is the same measurement as the stored one."""
        same = np.isclose(self, stored, rtol=LOSS_TOLERANCE, atol=1e-9, equal_nan=True)
        return bool(same.all())


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


def measured_again(made: RunPredictions) -> tuple[Measured, Measured]:
    """Compute from predictions what the run measured on val and test; of several targets the mean over them."""
    return _measured(made.val), _measured(made.test)


def _measured(made: Predictions) -> Measured:
    if not made.classes:
        return _of_target(made.logits, made.labels)
    heads = [made.head(number) for number in range(len(spans(made.classes)))]
    each = [_of_target(head.logits, head.labels) for head in heads]
    return Measured(sum(m.top1 for m in each) / len(each), sum(m.loss for m in each) / len(each))


def _of_target(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> Measured:
    """Measure top-1 and the mean cross-entropy as `bench.train.evaluate` does."""
    own = logits[np.arange(len(labels)), labels].astype(np.float64)
    top = logits.max(axis=1, keepdims=True).astype(np.float64)
    log_sum = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return Measured(float((ranks(logits, labels) == 0).mean()), float((log_sum - own).mean()))
