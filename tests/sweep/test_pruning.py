"""Who competes with whom, and what is made up for after a kill; on a real database, without training."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from example_runs import PROVENANCE, epoch, planned, result, sweep

from bench.errors import DivergedError
from bench.records.runs import PlannedRun
from bench.spec import RunSpec
from bench.store.claims import Claim
from bench.store.store import Store
from bench.sweep.prune import Pruner
from bench.train.hooks import PrunedError

QUALITIES = [i / 20 for i in range(1, 20)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "runs.db") as opened:
        yield opened


def run(number: int, epochs: int = 9, **dataset: object) -> PlannedRun:
    """Return a run of nine epochs, so with rungs after epochs 1 and 3, of a group of its own."""
    made = planned(number % 5)
    changes = {
        "recipe": made.spec.recipe.model_copy(update={"epochs": epochs, "lr": 0.001 * (1 + number // 5)}),
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


def test_a_run_is_compared_at_the_highest_rung_that_enough_have_reached(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    claims = [
        train(store, made, *values)
        for made, values in zip(runs, ([0.9], [0.8], [0.7, 0.7, 0.95, 0.95]), strict=True)
    ]
    pruner = Pruner(store, specs(*runs))
    halts = [pruner.halt(runs[2].spec, number) for number in range(1, 5)]
    assert [(halt.rung, halt.epoch) if halt else None for halt in halts] == [(1, 1), (1, 2), (1, 3), (1, 4)]
    for claim in claims[:2]:
        for number in (2, 3):
            store.record_epoch(claim, epoch(number, 0.9))
    pruner.refresh()
    assert pruner.halt(runs[2].spec, 3) is None, "all three are at the second rung now, where it is the best"


def test_a_run_that_has_done_its_last_epoch_is_not_compared(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    for made, value in zip(runs, (0.9, 0.8, 0.7), strict=True):
        train(store, made, *[value] * 9)
    assert Pruner(store, specs(*runs)).halt(runs[2].spec, 9) is None


def test_runs_of_another_protocol_do_not_compete(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    old = replace(runs[0], spec=runs[0].spec.model_copy(update={"protocol": 2}))
    for made, value in zip((old, *runs[1:]), (0.9, 0.8, 0.7), strict=True):
        train(store, made, value)
    assert Pruner(store, specs(old, *runs[1:])).halt(runs[2].spec, 1) is None


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


def test_a_run_that_went_on_without_prune_is_compared_again_with_it(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    for made, values in zip(runs, ([0.9], [0.8], [0.1, 0.1]), strict=True):
        train(store, made, *values)
    with pytest.raises(PrunedError, match="Pruned at rung 1, after epoch 2"):
        Pruner(store, specs(*runs)).check(runs[2].spec)


def test_an_early_arrival_ends_at_its_next_epoch_once_better_ones_have_come(store: Store) -> None:
    runs = [run(number) for number in range(4)]
    early = train(store, runs[0], 0.1)
    pruner = Pruner(store, specs(*runs))
    assert pruner.halt(runs[0].spec, 1) is None, "it is alone there"
    for made, value in zip(runs[1:], (0.8, 0.9, 0.7), strict=True):
        train(store, made, value)
    store.record_epoch(early, epoch(2, 0.99))
    pruner.refresh()
    halt = pruner.halt(runs[0].spec, 2)
    assert halt is not None
    assert (halt.rung, halt.epoch) == (1, 2)
    assert halt.reason == "Place 4 of 4 at this rung, of which the best 1 go on."


def test_the_answer_follows_from_what_is_recorded(store: Store) -> None:
    runs = [run(number) for number in range(4)]
    for made, value in zip(runs, (0.2, 0.8, 0.9, 0.7), strict=True):
        train(store, made, value)
    answers = [[Pruner(store, specs(*order)).halt(m.spec, 1) for m in runs] for order in (runs, runs[::-1])]
    assert answers[0] == answers[1]
    assert [halt is None for halt in answers[0]] == [False, False, True, False]


def test_seeds_end_with_the_first_that_is_pruned(store: Store) -> None:
    runs = [run(number) for number in range(6)]
    *_, claim = [train(store, made, value) for made, value in zip(runs[:3], (0.9, 0.8, 0.8), strict=True)]
    halt = Pruner(store, specs(*runs)).halt(runs[2].spec, 1)
    assert halt is not None
    store.prune(claim, halt.rung, halt.epoch, PrunedError(halt))
    for made in runs[3:]:  # of six the best two go on, so the value of the first seed would do
        train(store, made, 0.1)
    second = replace(runs[2], spec=runs[2].spec.model_copy(update={"seed": 1}))
    train(store, second, *[0.99] * 9)
    pruner = Pruner(store, specs(*runs, second))
    reasons = [fallen.reason if (fallen := pruner.halt(second.spec, number)) else None for number in (1, 5, 9)]
    assert reasons == ["Seed 0 of the same configuration was pruned, and seeds end together."] * 3


def test_no_seed_is_pruned_once_another_is_through(store: Store) -> None:
    runs = [run(number) for number in range(4)]
    claim = train(store, runs[0], *[0.1] * 9)
    second = replace(runs[0], spec=runs[0].spec.model_copy(update={"seed": 1}))
    for made, value in zip(runs[1:], (0.9, 0.8, 0.7), strict=True):
        train(store, made, value)
    train(store, second, 0.1)
    pruner = Pruner(store, specs(*runs, second))
    assert pruner.halt(second.spec, 1) is None, "the first seed has recorded its last epoch"
    store.finish(claim, result())
    assert pruner.halt(second.spec, 1) is None


def test_a_group_is_judged_by_the_first_of_its_seeds_that_did_not_diverge(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    *_, claim = [train(store, made, value) for made, value in zip(runs, (0.9, 0.8, 0.95), strict=True)]
    second = replace(runs[2], spec=runs[2].spec.model_copy(update={"seed": 1}))
    pruner = Pruner(store, specs(*runs, second))
    assert pruner.halt(runs[2].spec, 1) is None
    store.fail(claim, "diverged", DivergedError("The loss is NaN."))
    train(store, second, 0.1)
    pruner.refresh()
    assert pruner.halt(second.spec, 1) is not None


@pytest.mark.parametrize("order", range(12))
def test_in_whatever_order_runs_come_the_best_reaches_its_end_and_early_losers_are_found(
    store: Store, order: int
) -> None:
    """Runs of constant quality, each at its own pace: once all have come, who goes on is among the best third."""
    draw = random.Random(order)  # noqa: S311 - no secret
    runs = [run(number) for number in range(draw.choice([4, 5, 7, 9]))]
    qualities = draw.sample(QUALITIES, len(runs))
    quality = {made.spec.run_id: value for made, value in zip(runs, qualities, strict=True)}
    best = set(sorted(qualities, reverse=True)[: len(runs) // 3])
    claims = {made.spec.run_id: begin(store, made) for made in runs}
    done, pruner, live = dict.fromkeys(claims, 0), Pruner(store, specs(*runs)), list(runs)
    while live:
        made = draw.choice(live)
        run_id = made.spec.run_id
        done[run_id] += 1
        store.record_epoch(claims[run_id], epoch(done[run_id], quality[run_id]))
        pruner.refresh()
        halt = pruner.halt(made.spec, done[run_id])
        if halt is not None:
            store.prune(claims[run_id], halt.rung, halt.epoch, PrunedError(halt))
        elif done[run_id] < 3 and 0 not in done.values():  # before its second rung
            assert quality[run_id] in best
        if halt is not None or done[run_id] == 9:
            live.remove(made)
    assert done[max(quality, key=quality.__getitem__)] == 9


@pytest.mark.parametrize("order", range(6))
def test_of_a_batch_that_meets_at_a_rung_exactly_the_best_third_goes_on(store: Store, order: int) -> None:
    draw = random.Random(order)  # noqa: S311 - no secret
    runs = [run(number) for number in range(4 + order)]
    values = draw.sample(QUALITIES, len(runs))
    for made, value in zip(runs, values, strict=True):
        train(store, made, value)
    pruner = Pruner(store, specs(*runs))
    kept = [value for made, value in zip(runs, values, strict=True) if pruner.halt(made.spec, 1) is None]
    assert sorted(kept) == sorted(values)[-(len(runs) // 3) :]


def test_a_rival_that_diverged_before_has_no_place(store: Store) -> None:
    runs = [run(number) for number in range(3)]
    store.fail(train(store, runs[0], 0.9), "diverged", DivergedError("The loss is NaN."))
    for made, value in zip(runs[1:], (0.8, 0.7), strict=True):
        train(store, made, value)
    assert Pruner(store, specs(*runs)).halt(runs[2].spec, 1) is None, "two are never compared"
