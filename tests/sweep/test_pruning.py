"""Who competes with whom, and what is made up for after a kill; on a real database, without training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from example_runs import PROVENANCE, epoch, planned, result, sweep

from bench.errors import DivergedError
from bench.pruning import Pruner
from bench.records import PlannedRun
from bench.spec import RunSpec
from bench.store.claims import Claim
from bench.store.store import Store
from bench.train.hooks import PrunedError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "runs.db") as opened:
        yield opened


def run(number: int, epochs: int = 9, **dataset: object) -> PlannedRun:
    """Return a run of nine epochs, so with rungs after epochs 1 and 3; runs 0 to 4 are of different groups."""
    made = planned(number)
    changes = {
        "recipe": made.spec.recipe.model_copy(update={"epochs": epochs}),
        "dataset": made.spec.dataset.model_copy(update=dataset),
    }
    return replace(made, spec=made.spec.model_copy(update=changes))


def begin(store: Store, made: PlannedRun) -> Claim:
    store.plan(replace(sweep((made.spec.run_id,)), rejected=()), [made])
    claim = store.claim((made.spec.run_id,), store.worker(), PROVENANCE)
    assert claim is not None
    return claim


def train(store: Store, made: PlannedRun, *top1: float) -> Claim:
    claim = begin(store, made)
    for number, value in enumerate(top1, start=1):
        store.record_epoch(claim, epoch(number, value))
    return claim


def specs(*runs: PlannedRun) -> list[RunSpec]:
    return [made.spec for made in runs]


def test_a_run_is_told_to_end_at_a_rung_and_only_there(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    for made, value in zip(runs, (0.9, 0.8, 0.7), strict=True):
        train(store, made, *[value] * 5)
    pruner = Pruner(store, specs(*runs))
    halts = [pruner.halt(runs[2].spec, number) for number in range(1, 6)]
    assert [(halt.rung, halt.epoch) if halt else None for halt in halts] == [(1, 1), None, (2, 3), None, None]
    assert pruner.halt(runs[0].spec, 1) is None


def test_the_metric_that_selects_decides(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    for made, value in zip(runs, (0.9, 0.8, 0.7), strict=True):
        train(store, made, value)  # the loss is the same in all of them
    assert Pruner(store, specs(*runs)).halt(runs[2].spec, 1)
    by_loss = [
        spec.model_copy(update={"recipe": spec.recipe.model_copy(update={"select": "val_loss"})})
        for spec in specs(*runs)
    ]
    for spec in by_loss:
        train(store, PlannedRun(spec, runs[0].counts), 0.1)
    assert Pruner(store, by_loss).halt(by_loss[2], 1) is None


@pytest.mark.parametrize(
    "other",
    [{"name": "cub"}, {"target": "coarse"}, {"fingerprint": "0" * 64}, {"split_seed": 1}, {"val_fraction": 0.2}],
)
def test_runs_on_other_data_do_not_compete(store: Store, other: dict[str, object]) -> None:
    ours, rest = run(2), [run(0, **other), run(1, **other)]
    for made in rest:
        train(store, made, 0.9)
    train(store, ours, 0.1)
    assert Pruner(store, specs(ours, *rest)).halt(ours.spec, 1) is None


def test_runs_of_another_sweep_do_not_compete(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    for made, value in zip(runs, (0.9, 0.8, 0.1), strict=True):
        train(store, made, value)
    assert Pruner(store, specs(*runs)).halt(runs[2].spec, 1)
    assert Pruner(store, specs(*runs[1:])).halt(runs[2].spec, 1) is None
    assert Pruner(store, []).halt(runs[2].spec, 1) is None


def test_runs_of_other_lengths_meet_at_the_same_rung_number(store: Store) -> None:
    long, short, ours = run(0, epochs=30), run(1, epochs=3), run(2)  # rungs after 1, 2, 4, 10; after 1; after 1, 3
    train(store, long, 0.5, 0.9)
    train(store, short, 0.6, 0.6, 0.8)
    train(store, ours, 0.95, 0.7, 0.7)
    pruner = Pruner(store, specs(long, short, ours))
    assert pruner.halt(ours.spec, 3) is None  # 0.95 before it fell, against 0.9 and the short run's 0.8
    fourth = run(3)
    train(store, fourth, 0.1, 0.1, 0.85)
    reason = Pruner(store, specs(long, short, ours, fourth)).halt(fourth.spec, 3)
    assert reason is not None
    assert reason.reason == "Place 3 of 4 at this rung, of which the best 1 go on."


def test_a_run_that_stopped_early_keeps_its_place_at_later_rungs(store: Store) -> None:
    quick, slow, ours = run(0), run(1), run(2)
    store.finish(train(store, quick, 0.9, 0.9), result())
    train(store, slow, 0.5, 0.5, 0.5)
    train(store, ours, 0.7, 0.7, 0.7)
    assert Pruner(store, specs(quick, slow, ours)).halt(ours.spec, 3)


def test_what_was_recorded_before_a_kill_is_decided_before_the_run_goes_on(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    for made, value in zip(runs, (0.9, 0.8, 0.7), strict=True):
        train(store, made, value)
    pruner = Pruner(store, specs(*runs))
    pruner.check(runs[0].spec)
    pruner.check(run(4).spec)
    with pytest.raises(PrunedError, match="Pruned at rung 1, after epoch 1") as told:
        pruner.check(runs[2].spec)
    assert told.value.halt.rung == 1
    assert "without --prune" in told.value.todo
    Pruner(store, []).check(runs[2].spec)


def test_a_run_that_went_on_without_prune_is_not_pruned_for_what_it_was_before(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    for made, values in zip(runs, ([0.9], [0.8], [0.1, 0.1]), strict=True):
        train(store, made, *values)
    Pruner(store, specs(*runs)).check(runs[2].spec)


def test_an_answer_stays_the_same_whatever_happens_after(store: Store) -> None:
    runs = [run(number) for number in range(5)]
    for made, value in zip(runs[:3], (0.5, 0.4, 0.6), strict=True):
        train(store, made, value)
    pruner = Pruner(store, specs(*runs))
    assert pruner.halt(runs[2].spec, 1) is None
    for made in runs[3:]:
        train(store, made, 0.99)
    assert pruner.halt(runs[2].spec, 1) is None


def test_a_rival_that_diverges_later_changes_no_decision_so_seeds_fall_together(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    claims = [train(store, made, value) for made, value in zip(runs, (0.9, 0.8, 0.7), strict=True)]
    second_seed = replace(runs[2], spec=runs[2].spec.model_copy(update={"seed": 1}))
    pruner = Pruner(store, specs(*runs, second_seed))
    before = pruner.halt(runs[2].spec, 1)
    store.fail(claims[1], "diverged", DivergedError("The loss is NaN."))
    train(store, second_seed, 0.1)
    assert before is not None
    assert pruner.halt(runs[2].spec, 1) == before
    assert pruner.halt(second_seed.spec, 1) == before


def test_a_group_is_judged_by_its_first_seed_also_after_that_diverged(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    *_, claim = [train(store, made, value) for made, value in zip(runs, (0.9, 0.8, 0.95), strict=True)]
    second_seed = replace(runs[2], spec=runs[2].spec.model_copy(update={"seed": 1}))
    pruner = Pruner(store, specs(*runs, second_seed))
    assert pruner.halt(runs[2].spec, 1) is None
    store.fail(claim, "diverged", DivergedError("The loss is NaN."))
    train(store, second_seed, 0.1)
    assert pruner.halt(second_seed.spec, 1) is None


def test_a_rival_that_diverged_before_has_no_place(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    store.fail(train(store, runs[0], 0.9), "diverged", DivergedError("The loss is NaN."))
    for made, value in zip(runs[1:], (0.8, 0.7), strict=True):
        train(store, made, value)
    assert Pruner(store, specs(*runs)).halt(runs[2].spec, 1) is None, "two are never compared"
