"""Runs of a sweep that train together end as they do alone, whatever becomes of one of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import torch
from checkpoints import from_file, library_model
from example_runs import PROVENANCE, planned, result

from bench.commands.display.sweep_ending import end_sweep
from bench.errors import SOME_RUNS_FAILED, DivergedError
from bench.records.runs import Counts, EpochRecord, PlannedRun, SweepRecord
from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec, WeightsSpec
from bench.store.claims import Claim
from bench.store.store import Store
from bench.sweep.finalize import Tally
from bench.sweep.session import Swept
from bench.sweep.watching import Watcher
from bench.sweep.work import Sweep
from bench.train.heads.batch import MOST, company_key
from bench.train.workbench import Workbench

Runs = list[PlannedRun]
CLOCKED = (
    "_at", "_s", "images_per_s", "peak_memory_bytes", "hardware", "forecast_s", "load", "slowdown", "disturbed",
)  # fmt: skip
"""What the clock decides differs from run to run; everything else is the same."""

NET = BackboneSpec(library="timm", architecture="test_efficientnet")


@pytest.fixture(scope="module")
def make(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., PlannedRun]:
    """Plan a linear run; keywords go to the recipe. All runs begin with the same weights."""
    from bench.data.datasets import folder_entry, open_dataset

    manifest = open_dataset(folder_entry(tiny_folder)).manifest
    weights = tmp_path_factory.mktemp("weights") / "net.pth"
    torch.save(library_model(NET, 32).state_dict(), weights)
    data = DatasetSpec(
        name=manifest.name,
        target=manifest.default_target,
        num_classes=4,
        fingerprint=manifest.fingerprint,
        val_fraction=0.25,
    )

    def one(seed: int = 0, **recipe: Any) -> PlannedRun:
        chosen = RecipeSpec.model_validate(
            {"epochs": 6, "batch_size": 8, "optimizer": "sgd", "lr": 0.05, **recipe}
        )
        size = TransformSpec(image_size=32)
        backbone = from_file(NET, weights)
        spec = RunSpec(
            dataset=data, backbone=backbone, strategy="linear", recipe=chosen, transform=size, seed=seed
        )
        return replace(planned(0), spec=spec, counts=Counts(470_000, 1_028, 0, 0.01, 0.01, 0.01))

    return one


@dataclass
class Place:
    """A database, and sweeps in this process that use it."""

    folder: Path
    data: Path
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.store = Store.open(self.folder / "runs.db")

    def sweep(self, runs: Runs, watcher: Watcher | None = None, **options: Any) -> Tally:
        from bench.data.datasets import folder_entry, open_dataset
        from bench.train.frozen.cache import FeatureCache

        bench = Workbench(
            torch.device("cpu"),
            open_dataset(folder_entry(self.data)),
            FeatureCache(self.folder.parent / "features"),
            cache_bytes=options.pop("cache_bytes", 10**9),
        )
        self.store.plan(SweepRecord("bench sweep", "tiny", "", tuple(r.spec.run_id for r in runs)), runs)
        return Sweep(self.store, runs, bench, PROVENANCE, watcher or Watcher(), **options).work()

    def one_by_one(self, runs: Runs) -> None:
        for run in runs:
            self.sweep([run])

    def rows(self) -> dict[str, dict[str, Any]]:
        rows = [row._asdict() for row in self.store.rows()]
        return {row["run_id"]: {k: v for k, v in row.items() if not k.endswith(CLOCKED)} for row in rows}

    def epochs(self, run: PlannedRun) -> list[Any]:
        return [
            (e.epoch, e.steps, e.lr, e.train_loss, e.train_top1, e.val, e.test_top1)
            for e in self.store.epochs(run.spec.run_id)
        ]

    def statuses(self, runs: Runs) -> list[str]:
        known = self.store.statuses(run.spec.run_id for run in runs)
        return [known[run.spec.run_id] for run in runs]


@pytest.fixture
def place(tmp_path: Path, tiny_folder: Path) -> Iterator[Callable[[str], Place]]:
    made: list[Place] = []

    def one(name: str) -> Place:
        made.append(Place(tmp_path / name, tiny_folder))
        return made[-1]

    yield one
    for each in made:
        each.store.close()


@dataclass
class Heard(Watcher):
    """Hears how many runs are at work at most, and does something after an epoch."""

    after: Callable[[PlannedRun, EpochRecord], None] = lambda _run, _record: None
    at_work: set[str] = field(default_factory=set)
    most: int = 0
    epochs: int = 0

    def started(self, run: PlannedRun, attempt: int) -> None:  # noqa: ARG002 - the watcher's own arguments
        self.at_work.add(run.spec.run_id)
        self.most = max(self.most, len(self.at_work))

    def epoch(self, run: PlannedRun, record: EpochRecord) -> None:
        self.epochs += 1
        self.after(run, record)

    def finished(self, run: PlannedRun, outcome: Any) -> None:  # noqa: ARG002 - the watcher's own arguments
        self.at_work.remove(run.spec.run_id)

    def ended(self, run: PlannedRun, status: str, error: BaseException) -> None:  # noqa: ARG002 - the same
        self.at_work.remove(run.spec.run_id)


def same(ours: Place, theirs: Place, runs: Runs) -> None:
    rows, expected = ours.rows(), theirs.rows()
    for run in runs:
        assert ours.epochs(run) == theirs.epochs(run)
        assert rows[run.spec.run_id] == expected[run.spec.run_id]


def test_rows_are_the_same_together_and_alone(place: Any, make: Any) -> None:
    runs = [
        make(),
        make(lr=0.2, weight_decay=0.01),
        make(seed=1, head=["dropout(0.5)", "linear"]),
        make(seed=2, label_smoothing=0.2, schedule={"kind": "step", "step_size": 2}, select="val_loss"),
        make(seed=1, epochs=9, early_stopping={"metric": "val_loss", "patience": 1}, lr=1.5),
        make(seed=3, epochs=3, clip_grad_norm=0.1),
        make(epochs=8, schedule={"kind": "plateau", "patience": 0}, head=["linear"]),
    ]
    assert len({company_key(run.spec) for run in runs}) == 1
    together, alone, heard = place("together"), place("alone"), Heard()
    assert len(together.sweep(runs, heard).done) == len(runs)
    alone.one_by_one(runs)
    assert heard.most == len(runs)
    same(together, alone, runs)


@pytest.mark.parametrize(("ends", "said"), [("done", "1 done elsewhere"), ("diverged", "1 diverged before")])
def test_what_another_process_ends_meanwhile_is_not_left_to_do(
    ends: str, said: str, place: Any, make: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, runs = place("ours"), [make(epochs=1), make(epochs=1, lr=0.2)]

    def other_process(_run: PlannedRun, _record: EpochRecord) -> None:
        claim = ours.store.claim((runs[1].spec.run_id,), ours.store.worker(), PROVENANCE)
        if ends == "done":
            ours.store.finish(claim, result())
        else:
            ours.store.fail(claim, "diverged", DivergedError("The loss is NaN."))

    tally = ours.sweep(runs, Heard(after=other_process), cache_bytes=0)
    assert tally.done == [runs[0].spec.run_id]
    code = end_sweep(Swept(tally, len(runs), "runs.db"))
    assert code == (0 if ends == "done" else SOME_RUNS_FAILED)
    assert capsys.readouterr().err == f"2 runs: 1 done, {said}. Database: runs.db\n"


def test_every_image_of_an_epoch_trains_at_batch_size_1(place: Any, make: Any) -> None:
    runs = [make(epochs=2, batch_size=1, lr=lr) for lr in (0.001, 0.002)]
    together, alone = place("together"), place("alone")
    together.sweep(runs)
    alone.one_by_one(runs)
    assert {row["optimizer_steps"] for row in together.rows().values()} == {2 * 36}
    same(together, alone, runs)


def test_one_that_diverges_is_a_row_and_hurts_no_other(place: Any, make: Any) -> None:
    runs = [make(lr=0.01), make(lr=1e38), make(lr=0.1)]
    together, alone = place("together"), place("alone")
    tally = together.sweep(runs)
    assert tally.diverged == [runs[1].spec.run_id]
    assert together.statuses(runs) == ["done", "diverged", "done"]
    alone.one_by_one(runs)
    same(together, alone, [runs[0], runs[2]])
    assert together.sweep(runs).diverged_before == [runs[1].spec.run_id]


def test_those_that_are_pruned_end_at_their_rung_and_the_others_at_their_own_end(place: Any, make: Any) -> None:
    runs = [make(lr=lr, epochs=9, select="val_loss") for lr in (0.1, 0.05, 0.02, 0.01, 0.001, 0.0001)]
    together, alone = place("together"), place("alone")
    tally = together.sweep(runs, prune=True)
    assert len(tally.pruned) >= 2
    assert len(tally.done) + len(tally.pruned) == len(runs)
    alone.one_by_one(runs)
    same(together, alone, [run for run in runs if run.spec.run_id in tally.done])
    for run_id in tally.pruned:
        row = together.store.run(run_id).row
        assert together.store.epochs(run_id)[-1].epoch == row.pruned_at_epoch
    assert set(together.sweep(runs, prune=True).pruned_before) == set(tally.pruned)
    assert set(together.sweep(runs).done) == set(tally.pruned)
    same(together, alone, runs)


def test_one_that_another_process_takes_over_is_left_to_it(place: Any, make: Any) -> None:
    runs = [make(lr=lr) for lr in (0.1, 0.05, 0.02)]
    lost = runs[1].spec.run_id
    together, alone = place("together"), place("alone")
    taken: list[Claim | None] = []

    def steal(run: PlannedRun, record: EpochRecord) -> None:
        if (run.spec.run_id, record.epoch) == (lost, 2):
            with together.store._database.writer.begin() as connection:
                statement = "UPDATE attempts SET lease_expires_at = 1, host = 'elsewhere' WHERE run_id = :run"
                connection.execute(sa.text(statement), {"run": lost})
            taken.append(together.store.claim([lost], together.store.worker(), PROVENANCE))

    tally = together.sweep(runs, Heard(steal))
    assert taken[0] is not None
    assert together.statuses(runs) == ["done", "running", "done"]
    assert (len(tally.done), tally.failed, tally.diverged) == (2, [], [])
    assert len(together.store.epochs(lost)) == 2
    alone.one_by_one(runs)
    same(together, alone, [runs[0], runs[2]])


@pytest.mark.parametrize("epochs", [0, 1, 7, 11])
def test_all_can_go_on_when_a_sweep_is_told_to_stop(epochs: int, place: Any, make: Any) -> None:
    runs = [make(lr=0.1), make(lr=0.05, epochs=2), make(seed=1, lr=0.02)]
    stopped, calm, heard = place("stopped"), place("calm"), Heard()
    asked = [0]

    def stop() -> bool:
        asked[0] += 1
        return asked[0] > 2 and heard.epochs >= epochs

    tally = stopped.sweep(runs, heard, stop=stop)
    assert tally.stopped
    assert set(stopped.statuses(runs)) <= {"interrupted", "done"}
    assert "interrupted" in stopped.statuses(runs)
    assert len(stopped.sweep(runs).done) + len(tally.done) == len(runs)
    calm.sweep(runs)
    same(stopped, calm, runs)


def test_all_can_go_on_after_an_impatient_interrupt(place: Any, make: Any) -> None:
    runs = [make(lr=lr) for lr in (0.1, 0.05, 0.02)]
    interrupted, calm = place("interrupted"), place("calm")

    def interrupt(run: PlannedRun, record: EpochRecord) -> None:
        if (run, record.epoch) == (runs[1], 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted.sweep(runs, Heard(interrupt))
    assert interrupted.statuses(runs) == ["interrupted"] * 3
    assert len(interrupted.sweep(runs).done) == len(runs)
    calm.sweep(runs)
    same(interrupted, calm, runs)


def test_what_fails_in_one_of_them_is_its_own_row(place: Any, make: Any) -> None:
    runs = [make(lr=lr) for lr in (0.1, 0.05)]
    broken = place("broken")

    def fail(run: PlannedRun, record: EpochRecord) -> None:
        if (run, record.epoch) == (runs[0], 2):
            raise ValueError("No.")

    assert broken.sweep(runs, Heard(fail)).failed == [runs[0].spec.run_id]
    assert broken.statuses(runs) == ["failed", "done"]


def test_where_nothing_is_kept_each_trains_by_itself(place: Any, make: Any) -> None:
    runs = [make(lr=lr, epochs=2) for lr in (0.1, 0.05)]
    bare, tight = Heard(), Heard()
    assert len(place("bare").sweep(runs, bare, cache_bytes=0).done) == 2
    assert bare.most == 1
    cramped = place("cramped")
    assert len(cramped.sweep(runs, tight, cache_bytes=1).done) == 2
    assert {row["frontier"] for row in cramped.rows().values()} == {"images"}


def test_on_a_full_disk_they_train_together_from_one_pass(
    place: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    runs = [make(lr=lr, epochs=2) for lr in (0.1, 0.05, 0.02)]
    crowded, heard = place("crowded"), Heard()
    seen: list[int] = []
    monkeypatch.setattr(heard, "features", lambda done, _total: seen.append(done))
    assert len(crowded.sweep(runs, heard).done) == 3
    assert heard.most == 3
    assert seen.count(max(seen)) == 1


def test_a_second_sweep_begins_with_other_runs_than_those_that_train_together(place: Any, make: Any) -> None:
    runs = [make(lr=0.001 * (i + 1), epochs=1) for i in range(MOST + 3)]
    crowd = place("crowd")
    seen: list[tuple[int, int]] = []

    def look(_run: PlannedRun, _record: EpochRecord) -> None:
        if not seen:
            known = crowd.statuses(runs)
            seen.append((known.count("running"), known.count("planned")))

    heard = Heard(look)
    assert len(crowd.sweep(runs, heard).done) == len(runs)
    assert seen == [(MOST, 3)]
    assert heard.most == MOST


def test_only_runs_that_read_the_same_features_with_heads_of_one_shape_train_together(make: Any) -> None:
    first = make().spec
    assert company_key(first) is not None
    apart = [
        make(batch_size=4).spec,
        make(optimizer="adam").spec,
        make(momentum=0.5).spec,
        make(head=["linear(8)", "relu", "linear"]).spec,
        make(augment=["horizontal_flip"], views=2).spec,
        first.model_copy(update={"kept": "fp16"}),
        first.model_copy(update={"precision": "bf16"}),
        first.model_copy(update={"transform": TransformSpec(image_size=64)}),
    ]
    keys = [company_key(spec) for spec in [first, *apart]]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    alone = [
        make(augment=["horizontal_flip"]).spec,
        make(norm_stats="update").spec,
        make(head=["batch_norm", "linear"]).spec,
        first.model_copy(update={"precision": "fp16"}),
        first.model_copy(update={"strategy": "last_blocks(1)"}),
    ]
    assert [company_key(spec) for spec in alone] == [None] * len(alone)
    bare = first.model_copy(update={"backbone": NET.model_copy(update={"weights": WeightsSpec(source="none")})})
    random = [bare.model_copy(update={"seed": seed}) for seed in (0, 1)]
    assert company_key(random[0]) != company_key(random[1])
