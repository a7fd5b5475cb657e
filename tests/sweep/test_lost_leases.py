"""A run that another process took over fails without ending the sweep that lost it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa
import torch
from example_runs import PROVENANCE, planned, sweep

from bench.data.datasets import folder_entry, open_dataset
from bench.records.runs import PlannedRun
from bench.spec import WeightsSpec
from bench.store.claims import Claim
from bench.store.store import Store
from bench.sweep.watching import Watcher
from bench.sweep.work import Sweep
from bench.train.workbench import Workbench


@dataclass
class Thief(Watcher):
    """Takes over the first run as soon as it begins, as another machine does whose clock ran on."""

    store: Store
    taken: Claim | None = None

    def started(self, run: PlannedRun, attempt: int) -> None:  # noqa: ARG002 - the watcher's own arguments
        if self.taken is None:
            with self.store._database.writer.begin() as connection:
                connection.execute(sa.text("UPDATE attempts SET lease_expires_at = 1, host = 'elsewhere'"))
            self.taken = self.store.claim([run.spec.run_id], self.store.worker(), PROVENANCE)


def without_weights(number: int, missing: Path) -> PlannedRun:
    run = planned(number)
    weights = WeightsSpec(source="file", path=str(missing))
    backbone = run.spec.backbone.model_copy(update={"weights": weights})
    return replace(run, spec=run.spec.model_copy(update={"backbone": backbone}))


def test_a_run_that_fails_after_it_was_lost_is_left_to_its_new_owner(tmp_path: Path, tiny_folder: Path) -> None:
    runs = [without_weights(number, tmp_path / "missing.pth") for number in range(2)]
    bench = Workbench(torch.device("cpu"), open_dataset(folder_entry(tiny_folder)))
    with Store.open(tmp_path / "runs.db") as store:
        store.plan(sweep(tuple(run.spec.run_id for run in runs)), runs)
        thief = Thief(store)
        Sweep(store, runs, bench, PROVENANCE, thief).work()
        statuses = [row.status for run in runs for row in store.rows() if row.run_id == run.spec.run_id]
    assert thief.taken is not None
    assert statuses == ["running", "failed"]
