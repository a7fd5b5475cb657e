"""From stored runs to an ensemble: what is shared, what is refused, and that test has no say."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from plausible_runs import MODELS, make_planned, make_spec, plan, record_ended
from stored_logits import predictions, record_run

from bench.ensembles.candidates import named, pool
from bench.ensembles.making import Wanted, best_member, compare, make
from bench.errors import BenchError, BudgetError, StoreError
from bench.plan.budget import parse_budget
from bench.records.ensembles import RULES
from bench.records.predictions import TestPredictions, ValPredictions
from bench.spec import RecipeSpec
from bench.store.artifacts import Artifacts
from bench.store.store import Store


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A database of four runs: two seeds of heads on one backbone, and a head on each of two others."""
    folder = tmp_path_factory.mktemp("shelf")
    some = [planned(0), planned(0, seed=1), planned(1), planned(6)]
    with Store.open(folder / "runs.db") as opened:
        for number, (each, skill) in enumerate(zip(some, (1.1, 1.0, 0.9, 0.5), strict=True)):
            record_run(opened, each, predictions(skill, number))
    return folder


@pytest.fixture
def store(tmp_path, shelf):
    shutil.copytree(shelf, tmp_path / "copy")
    with Store.open(tmp_path / "copy" / "runs.db") as opened:
        yield opened


@pytest.fixture
def artifacts(store):
    return Artifacts.beside(store.location)


def planned(model=0, strategy="linear", seed=0, **changes):
    made = make_planned(MODELS[model], strategy, seed, **changes)
    frozen = made.counts.gmacs - 1e-6 if strategy == "linear" else 0.0
    return replace(made, counts=replace(made.counts, frozen_gmacs=frozen))


@pytest.fixture
def library(store):
    return [row.run_id for row in store.rows()]


def refused(error, *words):
    assert all((error.value.what, error.value.why, error.value.todo))
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize("rule", RULES)
def test_the_order_in_which_runs_are_named_changes_nothing(store, artifacts, library, rule):
    one, other = (
        make(named(store, artifacts, runs), artifacts, Wanted(rule)) for runs in (library, library[::-1])
    )
    assert repr(one) == repr(other)  # a loss that is NaN equals nothing
    assert one.ensemble_id == other.ensemble_id


@pytest.mark.parametrize("rule", RULES)
def test_test_has_no_say_in_weights_and_members(store, artifacts, library, rule):
    before = make(named(store, artifacts, library), artifacts, Wanted(rule))
    for number, run_id in enumerate(library):
        kept = artifacts.predictions(run_id)
        shuffled = np.random.default_rng(number).permutation(kept.test.logits)
        made = TestPredictions(kept.test.ids, kept.test.labels, shuffled)
        artifacts.save_predictions(run_id, replace(kept, test=made))
    after = make(named(store, artifacts, library), artifacts, Wanted(rule))
    assert repr((after.members, after.val)) == repr((before.members, before.val))
    assert after.test.top1 < before.test.top1


def test_heads_on_the_same_weights_and_images_are_counted_with_one_backbone(store, artifacts, library):
    made = make(named(store, artifacts, library[:2]), artifacts, Wanted())
    row = store.run(library[0]).row
    assert made.total_params == row.total_params + row.trainable_params
    assert made.trainable_params == 2 * row.trainable_params
    assert made.gmacs == pytest.approx(row.gmacs + 1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"transform": make_spec(MODELS[0], "linear").transform.model_copy(update={"image_size": 128})},
        {"precision": "bf16"},
        {"recipe": RecipeSpec(norm_stats="update")},
    ],
    ids=["other images", "other precision", "moving statistics"],
)
def test_what_computes_other_numbers_shares_nothing(store, artifacts, library, changes):
    other = record_run(store, planned(0, seed=2, **changes), predictions(1.0, 9))
    made = make(named(store, artifacts, [library[0], other]), artifacts, Wanted())
    assert made.total_params == sum(store.run(run).row.total_params for run in (library[0], other))


def test_a_greedy_ensemble_keeps_a_joint_budget_that_its_members_apart_would_break(store, artifacts, library):
    row = store.run(library[0]).row
    limit = row.total_params + row.trainable_params
    wanted = Wanted("greedy", parse_budget(f"total<={limit}"))
    made = make(pool(store, artifacts, store.rows())[0], artifacts, wanted)
    assert len(made.members) == 2
    assert made.total_params <= limit < sum(store.run(m.run_id).row.total_params for m in made.members)
    assert made.request == {"budget": f"total<={limit}", "most": None, "candidates": 4}


def test_a_budget_that_no_run_keeps_is_an_error_that_says_by_how_much(store, artifacts, library):
    wanted = Wanted("greedy", parse_budget("100K"))
    with pytest.raises(BudgetError) as error:
        make(named(store, artifacts, library), artifacts, wanted)
    refused(error, "None of the 4 runs fits", library[3][:12], "> 100K")


def test_named_runs_over_the_budget_are_refused(store, artifacts, library):
    with pytest.raises(BudgetError) as error:
        make(named(store, artifacts, library), artifacts, Wanted("soft", parse_budget("gmacs<=0.7")))
    refused(error, "gmacs<=0.7", "counted once", "--rule greedy")


def test_the_gain_is_over_the_member_that_validation_likes_best(store, artifacts, library):
    candidates = named(store, artifacts, library)
    made = make(candidates, artifacts, Wanted())
    val = {found.run_id: found.metrics for found in candidates}
    best = best_member(made, val)
    assert val[best].top1 == max(metrics.top1 for metrics in val.values())
    found = compare(made, best, artifacts)
    assert found.top1 == pytest.approx(made.test.top1 - store.run(best).row.test_top1)


@pytest.mark.parametrize(("count", "said"), [(0, "There is no run"), (1, "There is one run")])
def test_one_run_is_no_ensemble(store, artifacts, library, count, said):
    with pytest.raises(BenchError) as error:
        make(named(store, artifacts, library[:count]), artifacts, Wanted())
    refused(error, said, "--pool")


def test_a_run_named_twice_is_refused(store, artifacts, library):
    with pytest.raises(BenchError) as error:
        named(store, artifacts, [library[0], library[0][:10]])
    refused(error, library[0][:12], "named twice")


def test_a_run_that_is_not_done_is_refused_with_its_status(store, artifacts, library):
    plan(store, [planned(2)])
    record_ended(store, planned(3), "failed", BenchError("It broke.", "Why.", "Mend it."))
    for run, status in ((planned(2), "planned"), (planned(3), "failed")):
        with pytest.raises(BenchError) as error:
            named(store, artifacts, [library[0], run.spec.run_id])
        refused(error, f"is {status}, not done", "bench show")


@pytest.mark.parametrize("split", ["val", "test"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_an_error_that_names_the_run(store, artifacts, library, split, value):
    made = predictions(1.0, 5)
    getattr(made, split).logits[3, 1] = value
    broken = record_run(store, planned(2), made)
    with pytest.raises(StoreError) as error:
        named(store, artifacts, [library[0], broken])
    images = len(getattr(made, split).ids)
    refused(error, broken[:12], f"1 of {images} {split} images are not finite")


def test_predictions_without_validation_images_are_refused(store, artifacts, library):
    made = predictions(1.0, 5)
    run = record_run(store, planned(2), made)
    nothing = ValPredictions(made.val.ids[:0], made.val.labels[:0], made.val.logits[:0])
    artifacts.save_predictions(run, replace(made, val=nothing))
    with pytest.raises(StoreError) as error:
        named(store, artifacts, [library[0], run])
    refused(error, run[:12], "no val images")


def test_a_pool_leaves_out_what_cannot_be_used_and_says_why(store, artifacts, library):
    missing, damaged = (record_run(store, planned(model), predictions(1.0, model)) for model in (2, 3))
    artifacts.predictions_path(missing).unlink()
    artifacts.predictions_path(damaged).write_bytes(b"no zip file")
    plan(store, [planned(4)])
    found, errors = pool(store, artifacts, store.rows())
    assert {each.run_id for each in found} == set(library)
    assert sorted(error.what for error in errors) == sorted(
        [
            f"The predictions of run {missing[:12]} are missing.",
            f"The predictions of run {damaged[:12]} cannot be read.",
        ]
    )


def other_images(store, kind):
    """Record a run whose images differ in one way."""
    made, changes = predictions(1.0, 7), {}
    dataset = planned(2).spec.dataset
    if kind == "dataset":
        changes = {"dataset": dataset.model_copy(update={"name": "<b>birds</b>\n"})}
    elif kind == "target":
        changes = {"dataset": dataset.model_copy(update={"target": "coarse"})}
    elif kind == "val fraction":
        changes = {"dataset": dataset.model_copy(update={"val_fraction": 0.2})}
    elif kind == "order":
        turned = TestPredictions(made.test.ids[::-1], made.test.labels[::-1], made.test.logits[::-1])
        made = replace(made, test=turned)
    if kind != "order":
        made = replace(made, split_digest="6b" * 32)
    return record_run(store, planned(2, **changes), made)


def test_the_same_images_under_another_name_are_another_dataset(store, artifacts, library):
    """Nothing says that its classes mean the same."""
    dataset = planned(2).spec.dataset.model_copy(update={"name": "copy"})
    other = record_run(store, planned(2, dataset=dataset), predictions(1.0, 7))
    with pytest.raises(BenchError, match="not evaluated on the same images"):
        named(store, artifacts, [library[0], other])


def test_a_spec_that_another_version_wrote_does_not_stand_in_the_way(store, artifacts, library):
    import sqlalchemy as sa

    from bench.store.schema import Run

    spec = {**store.run(library[0]).spec_data, "of_a_later_version": 1}
    with store.sessions.writing() as session:
        session.execute(sa.update(Run).where(Run.run_id == library[0]).values(spec=spec))
    assert make(named(store, artifacts, library[:2]), artifacts, Wanted()).members


@pytest.mark.parametrize("kind", ["dataset", "target", "val fraction", "order"])
def test_runs_on_other_images_are_an_error_that_says_what_differs_and_which_runs(store, artifacts, library, kind):
    other = other_images(store, kind)
    with pytest.raises(BenchError) as error:
        named(store, artifacts, [*library, other])
    val_alone = "The val images that choose among these runs differ."
    said = val_alone if kind == "val fraction" else "not evaluated on the same images"
    refused(error, said, kind, other[:8], f"{library[0][:8]} and 3 more")
    with pytest.raises(BenchError) as error:
        pool(store, artifacts, store.rows())
    refused(error, "--dataset", "name one run")


def test_digests_in_a_message_are_short(store, artifacts, library):
    groups = planned(2).spec.dataset.model_copy(update={"groups": "9e" * 32, "fingerprint": "7c" * 32})
    other = record_run(store, planned(2, dataset=groups), replace(predictions(1.0, 7), split_digest="6b" * 32))
    with pytest.raises(BenchError) as error:
        named(store, artifacts, [*library, other])
    refused(error, "9e9e9e9e (", "7c7c7c7c (", "5f5f5f5f (")


@pytest.mark.parametrize("kind", ["dataset", "target", "val fraction", "order"])
def test_a_pool_of_the_images_of_one_run_passes_over_the_others(store, artifacts, library, kind):
    other_images(store, kind)
    like = named(store, artifacts, library[1:2])[0]
    found, errors = pool(store, artifacts, store.rows(), like)
    assert ({each.run_id for each in found}, errors) == (set(library), [])


def test_a_run_with_several_heads_and_predictions_of_one_is_refused_and_left_out(store, artifacts, library):
    dataset = planned(2).spec.dataset.model_copy(update={"target": "fine+coarse"})
    joint = record_run(store, planned(2, dataset=dataset), predictions(1.0, 3))
    with pytest.raises(BenchError) as error:
        named(store, artifacts, [library[0], joint])
    refused(error, "does not answer label", "--target fine or --target coarse")
    found, errors = pool(store, artifacts, store.rows())
    assert len(found) == len(library)
    assert [each.what for each in errors] == [f"Run {joint[:12]} does not answer label."]
    with pytest.raises(BenchError) as error:
        named(store, artifacts, [joint], "fine")
    refused(error, "Its predictions are of one target")
