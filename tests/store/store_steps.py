"""Steps that tests of the store take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from example_runs import PROVENANCE, plans, sweep

from bench.errors import StoreError
from bench.store.claims import Claim
from bench.store.store import Store
from bench.store.worker import Worker


def plan(store: Store, count: int = 3) -> tuple[str, ...]:
    runs, run_ids = plans(count)
    store.plan(sweep(run_ids), runs)
    return run_ids


def take(store: Store, run_ids: tuple[str, ...], worker: Worker | None = None) -> Claim:
    claim = store.claim(run_ids, worker or store.worker(), PROVENANCE)
    assert claim is not None
    return claim


def sql(store: Store, statement: str) -> list[Any]:
    """Execute a statement as another tool would."""
    with store._database.writer.begin() as connection:
        found = connection.execute(sa.text(statement))
        return found.all() if found.returns_rows else []


def expire(store: Store, claim: Claim) -> None:
    """Let a lease run out, as if its process had been silent on another machine."""
    sql(store, f"UPDATE attempts SET lease_expires_at = 1, host = 'elsewhere' WHERE id = {claim.attempt_id}")  # noqa: S608 - a number of ours


def fill(path: Path, count: int = 3) -> tuple[str, ...]:
    """Make a database of planned runs."""
    runs, run_ids = plans(count)
    with Store.open(path) as store:
        store.plan(sweep(run_ids), runs)
    return run_ids


def says(error: pytest.ExceptionInfo[StoreError], *words: str) -> None:
    """Check that an error has three parts, and some words."""
    assert error.value.what
    assert error.value.why
    assert error.value.todo
    for word in words:
        assert word in str(error.value)
