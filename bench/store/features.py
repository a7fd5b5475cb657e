"""Feature passes, who read them, and what compute has cost so far. Every function is given a session."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bench.store.rows import Rates
from bench.store.schema import FeaturePassRow, Run, RunFeature
from bench.store.statements import add_missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from bench.records.runs import FeaturePass


def add_feature_pass(session: Session, made: FeaturePass, now: float) -> None:
    """Add a pass, unless the same one has been made on the same hardware: then the first one's cost stays."""
    columns = {**dataclasses.asdict(made), "pass_key": made.pass_key or made.key}
    add_missing(session, FeaturePassRow, [{**columns, "created_at": now}])


def link_features(session: Session, run_id: str, keys: Iterable[str], hardware: str) -> None:
    """Note which feature passes a run read: of several with one key, this hardware's, else the last."""
    here = sa.case((FeaturePassRow.hardware == hardware, 1), else_=0)
    for key in keys:
        found = sa.select(FeaturePassRow.id).where(FeaturePassRow.key == key)
        pass_id = session.scalars(found.order_by(here.desc(), FeaturePassRow.id.desc()).limit(1)).first()
        add_missing(session, RunFeature, [{"run_id": run_id, "key": key, "pass_id": pass_id}])


def observed_rates(session: Session, hardware: str) -> Rates:
    """Return what compute has cost on this hardware, by backbone."""
    return Rates(training=_training(session, hardware), features=_features(session, hardware))


def _training(session: Session, hardware: str) -> dict[str, float]:
    work = Run.train_gmacs * Run.train_n * Run.epochs
    cached = sa.select(RunFeature.run_id)
    statement = sa.select(Run.backbone, Run.train_s / work).where(
        Run.status == "done", Run.hardware == hardware, Run.run_id.not_in(cached), work > 0
    )
    return {backbone: rate for (backbone,), rate in _medians(session, statement).items()}


def _features(session: Session, hardware: str) -> dict[tuple[str, str], float]:
    """Take each pass once, whatever it filled; the deepest frontier that a run read says how far it computed."""
    gmacs = sa.func.coalesce(sa.func.nullif(Run.frozen_gmacs, 0.0), Run.gmacs)  # older rows do not say
    work = sa.func.max(gmacs * FeaturePassRow.images)
    statement = (
        sa.select(FeaturePassRow.backbone, Run.backend, sa.func.max(FeaturePassRow.seconds) / work)
        .join(RunFeature, RunFeature.pass_id == FeaturePassRow.id)
        .join(Run, Run.run_id == RunFeature.run_id)
        .where(FeaturePassRow.hardware == hardware)
        .group_by(FeaturePassRow.backbone, Run.backend, FeaturePassRow.pass_key)
        .having(work > 0)
    )
    return {(backbone, backend): rate for (backbone, backend), rate in _medians(session, statement).items()}


def _medians(session: Session, statement: sa.Select[*tuple[Any, ...]]) -> dict[tuple[str, ...], float]:
    """Take the last column's median over the rows whose other columns are equal."""
    found: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for *named, rate in session.execute(statement):
        if rate is not None:
            found[tuple(named)].append(rate)
    return {named: median(values) for named, values in found.items()}
