"""What the heads of joint runs measured: `store.heads`. Ordinary runs have nothing here."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.store.rows import ContradictionCount, HeadRow, RunHeads
from bench.store.schema import Run
from bench.store.schema_derived import ContradictionRow, HeadMetricRow
from bench.store.statements import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from bench.records.runs import RunResult
    from bench.store.sessions import Sessions

_HEAD = [getattr(HeadMetricRow, name) for name in HeadRow._fields]
_COUNT = [getattr(ContradictionRow, name) for name in ContradictionCount._fields]
_SPLITS = ("val", "test")


class Heads:
    """The metrics of each head of joint runs, and how often two heads contradict each other."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def of(self, run_id: str) -> RunHeads:
        """Return what a run's heads measured; nothing of a run with one head."""
        return self.all([run_id]).get(run_id, RunHeads())

    def all(self, run_ids: Iterable[str] | None = None) -> dict[str, RunHeads]:
        """Return what the heads of these runs measured (None: of all runs); ordinary runs are missing.

        Heads are in the order of their run's targets, val before test.
        """
        found: dict[str, RunHeads] = {}
        with self._sessions.reading() as session:
            for some in [None] if run_ids is None else chunks(run_ids):
                found |= _read(session, some)
        return found


def add_heads(session: Session, run_id: str, result: RunResult) -> None:
    """Add what the heads of a run that is done measured."""
    heads = [
        {"run_id": run_id, "target": head.target, "split": split, "num_classes": head.num_classes}
        | dataclasses.asdict(metrics)
        for head in result.heads
        for split, metrics in (("val", head.val), ("test", head.test))
    ]
    if heads:
        session.execute(sa.insert(HeadMetricRow), heads)
    counts = [{"run_id": run_id, **dataclasses.asdict(each)} for each in result.contradictions]
    if counts:
        session.execute(sa.insert(ContradictionRow), counts)


def _read(session: Session, run_ids: list[str] | None) -> dict[str, RunHeads]:
    heads = sa.select(Run.run_id, Run.target, *_HEAD).join(HeadMetricRow, HeadMetricRow.run_id == Run.run_id)
    counts = sa.select(Run.run_id, *_COUNT).join(ContradictionRow, ContradictionRow.run_id == Run.run_id)
    if run_ids is not None:
        heads, counts = heads.where(Run.run_id.in_(run_ids)), counts.where(Run.run_id.in_(run_ids))
    targets: dict[str, list[str]] = {}
    measured: dict[str, list[HeadRow]] = defaultdict(list)
    counted: dict[str, list[ContradictionCount]] = defaultdict(list)
    for run_id, target, *columns in session.execute(heads):
        targets[run_id] = target.split("+")
        measured[run_id].append(HeadRow._make(columns))
    for run_id, *columns in session.execute(counts):
        counted[run_id].append(ContradictionCount._make(columns))
    return {run_id: _ordered(names, measured[run_id], counted[run_id]) for run_id, names in targets.items()}


def _ordered(targets: list[str], heads: list[HeadRow], counts: list[ContradictionCount]) -> RunHeads:
    def of_head(row: HeadRow) -> tuple[int, int]:
        return targets.index(row.target), _SPLITS.index(row.split)

    def of_count(row: ContradictionCount) -> tuple[int, int, int]:
        return targets.index(row.target), targets.index(row.group_target), _SPLITS.index(row.split)

    return RunHeads(tuple(sorted(heads, key=of_head)), tuple(sorted(counts, key=of_count)))
