"""Ensembles of stored runs."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bench.errors import StoreError
from bench.records.ensembles import Ensemble, Member
from bench.records.runs import Metrics, TestMetrics, ValMetrics
from bench.store.location import without_passwords
from bench.store.schema import Run
from bench.store.schema_derived import EnsembleMemberRow, EnsembleRow
from bench.store.statements import add_missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from bench.store.sessions import Sessions

_PLAIN = (
    "rule", "dataset", "target", "num_classes", "fingerprint", "split_digest", "total_params", "trainable_params",
    "gmacs", "command", "request", "created_at",
)  # fmt: skip
_METRICS = tuple(field.name for field in dataclasses.fields(Metrics))
_MEASURED = tuple(f"{split}_{name}" for split in ("val", "test") for name in _METRICS)
_SHOWN = 8  # ids in an error message


class Ensembles:
    """The ensembles of one database. Every method is one transaction, and raises as those of `Store` do."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, made: Ensemble) -> Ensemble:
        """Record an ensemble and return it as it is kept: the same one made again stays as it was first.

        The database must know its members.
        """
        ensemble_id = made.ensemble_id
        members = [
            {"ensemble_id": ensemble_id, "position": position, "run_id": member.run_id, "weight": member.weight}
            for position, member in enumerate(made.members)
        ]
        with self._sessions.writing() as session:
            row = {**_columns(made), "ensemble_id": ensemble_id, "created_at": self._sessions.now(session)}
            add_missing(session, EnsembleRow, [row])
            add_missing(session, EnsembleMemberRow, members)
            return _found(session, EnsembleRow.ensemble_id == ensemble_id)[0]

    def list(self) -> list[Ensemble]:
        """Return every ensemble, oldest first."""
        with self._sessions.reading() as session:
            return _found(session, sa.true())

    def find(self, prefix: str) -> Ensemble | None:
        """Return the ensemble whose id begins with `prefix`, None where there is none.

        Raises StoreError where several do, or a run does too.
        """
        digits = prefix.lower() if prefix.isascii() else "?"  # what is no ASCII begins no id
        with self._sessions.reading() as session:
            found = _found(session, EnsembleRow.ensemble_id.startswith(digits, autoescape=True))
            runs = sa.select(Run.run_id).where(Run.run_id.startswith(digits, autoescape=True)).limit(_SHOWN)
            others = session.scalars(runs).all() if found else ()
        if len(found) + len(others) > 1 and found:
            ids = [
                *(f"ensemble {made.ensemble_id[:12]}" for made in found),
                *(f"run {run[:12]}" for run in others),
            ]
            raise StoreError(
                f"Several ids begin with {prefix!r}.",
                f"They are: {', '.join(ids[:_SHOWN])}.",
                "Write more digits of the one you mean.",
            )
        return found[0] if found else None


def _found(session: Session, condition: sa.ColumnElement[bool]) -> list[Ensemble]:
    columns = [getattr(EnsembleRow, name) for name in ("ensemble_id", *_PLAIN, *_MEASURED)]
    order = (EnsembleRow.created_at, EnsembleRow.ensemble_id)
    rows = session.execute(sa.select(*columns).where(condition).order_by(*order)).mappings().all()
    members: dict[str, list[Member]] = {row["ensemble_id"]: [] for row in rows}
    joined = (
        sa.select(EnsembleMemberRow.ensemble_id, EnsembleMemberRow.run_id, EnsembleMemberRow.weight)
        .join(EnsembleRow, EnsembleRow.ensemble_id == EnsembleMemberRow.ensemble_id)
        .where(condition)
        .order_by(EnsembleMemberRow.position)
    )
    for ensemble_id, run_id, weight in session.execute(joined):
        members[ensemble_id].append(Member(run_id, weight))
    return [_record(dict(row), members[row["ensemble_id"]]) for row in rows]


def _columns(made: Ensemble) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    for split, metrics in (("val", made.val), ("test", made.test)):
        measured |= {f"{split}_{name}": getattr(metrics, name) for name in _METRICS}
    plain = {name: getattr(made, name) for name in _PLAIN}
    return {**plain, **measured, "command": without_passwords(made.command)}


def _record(row: dict[str, Any], members: Iterable[Member]) -> Ensemble:
    values: dict[str, Any] = {name: math.nan if row[name] is None else row[name] for name in _MEASURED}
    return Ensemble(
        **{name: row[name] for name in _PLAIN},
        members=tuple(members),
        val=ValMetrics(**{name: values[f"val_{name}"] for name in _METRICS}),
        test=TestMetrics(**{name: values[f"test_{name}"] for name in _METRICS}),
    )
