"""A checkpoint is there as long as somebody may go on with its run, and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_runs import PROVENANCE, plans, sweep

from bench.errors import BenchError, DataError, DivergedError
from bench.records.rungs import Halt
from bench.store.artifacts import Artifacts
from bench.store.store import Store
from bench.sweep.finalize import Settling, Tally
from bench.sweep.watching import Watcher
from bench.train.hooks import PrunedError, StoppedError

PARTS = ("It ended.", "A test said so.", "Nothing.")


@pytest.mark.parametrize(
    ("error", "status", "kept"),
    [
        (DivergedError(*PARTS), "diverged", False),
        (StoppedError(*PARTS), "interrupted", True),
        (PrunedError(Halt(1, 3, "Place 5 of 7.")), "pruned", True),
        (DataError(*PARTS), "failed", True),
    ],
)
def test_only_what_can_be_gone_on_with_keeps_its_checkpoint(
    *, tmp_path: Path, error: BenchError, status: str, kept: bool
) -> None:
    (planned,), run_ids = plans(1)
    with Store.open(tmp_path / "runs.db") as store:
        store.plan(sweep(run_ids), [planned])
        claim = store.claim(run_ids, store.worker(), PROVENANCE)
        assert claim is not None
        artifacts = Artifacts.beside(store.location)
        checkpoint = artifacts.checkpoint_path(claim.run_id)
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_bytes(b"weights")
        ends = Settling(
            store, artifacts, Watcher(), Tally(), keep_weights=False, open={claim.run_id: (planned, claim)}
        )
        ends.end(claim.run_id, error)
        assert store.statuses(run_ids) == {claim.run_id: status}
    assert checkpoint.exists() == kept


def test_what_a_killed_process_left_half_written_of_a_run_goes_and_nothing_else(tmp_path: Path) -> None:
    artifacts, (own, other) = Artifacts(tmp_path), ("a" * 64, "b" * 64)
    models, checkpoints = artifacts.model_path(own).parent, artifacts.checkpoint_path(own).parent
    halves = [models / f".{own}.safetensors.x1.tmp", checkpoints / f".{own}.pt.x2.tmp"]
    others = [artifacts.model_path(own), models / f".{other}.safetensors.x3.tmp"]
    for file in (*halves, *others):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"half")
    artifacts.clear_leftovers(own)
    assert not any(file.exists() for file in halves)
    assert all(file.exists() for file in others)
