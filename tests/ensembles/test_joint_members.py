"""Joint runs in ensembles: each takes part with its head of the one target that the ensemble answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from command_line import bench, refused
from plausible_runs import MODELS, make_planned, make_result, plan, provenance
from stored_logits import IMAGES, drawn, record_run

from bench.ensembles.candidates import named, pool
from bench.ensembles.making import Wanted, best_member, compare, make
from bench.errors import BenchError
from bench.metrics.accuracy import measure
from bench.records.predictions import RunPredictions, TestPredictions, ValPredictions
from bench.records.runs import HeadResult, TestMetrics, ValMetrics
from bench.store.artifacts import Artifacts
from bench.store.store import Store

KINDS = {"val": ValPredictions, "test": TestPredictions}


def joint_predictions(seed):
    """Scores of six classes and after them of whether the class is even."""
    splits = {}
    for name, kind in KINDS.items():
        fine = drawn(kind, 1.0, seed, IMAGES[name])
        even = np.random.default_rng(seed).normal(0, 1, (IMAGES[name], 2)).astype(np.float32)
        even[np.arange(IMAGES[name]), fine.labels % 2] += 2
        labels = np.stack([fine.labels, fine.labels % 2], axis=1)
        splits[name] = kind.made(fine.ids, labels, np.hstack([fine.logits, even]), (6, 2))
    return RunPredictions("3c" * 32, splits["val"], splits["test"], ("fine", "even"))


def of_target(model, target, classes, seed=0):
    made = make_planned(MODELS[model], "linear", seed)
    dataset = made.spec.dataset.model_copy(update={"target": target, "num_classes": classes})
    return replace(made, spec=made.spec.model_copy(update={"dataset": dataset}))


def record_joint(store, model):
    planned, made = of_target(model, "fine+even", 8), joint_predictions(model)
    run_id = planned.spec.run_id
    plan(store, [planned])
    claim = store.claim([run_id], store.worker(), provenance())
    stamp = Artifacts.of(store).save_predictions(run_id, made)
    heads = []
    for target, classes in (("fine", 6), ("even", 2)):
        own = made.of(target)
        measured = [
            measure(kind, split.logits, split.labels)
            for kind, split in ((ValMetrics, own.val), (TestMetrics, own.test))
        ]
        heads.append(HeadResult(target, classes, *measured))
    store.finish(claim, replace(make_result(planned), heads=tuple(heads), weights_digest="d" * 64), [stamp])
    return run_id


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "runs.db") as opened:
        yield opened


@pytest.fixture
def db(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def joint(store):
    return [record_joint(store, model) for model in (0, 1)]


@pytest.fixture
def alone(store):
    return record_run(store, of_target(2, "fine", 6), joint_predictions(7).of("fine"))


def test_a_joint_run_beside_runs_of_one_target_answers_that_target(store, joint, alone, db):
    artifacts = Artifacts.beside(store.location)
    made = make(named(store, artifacts, [*joint, alone]), artifacts, Wanted())
    assert (made.target, made.num_classes) == ("fine", 6)
    heads = [artifacts.predictions(run_id).of("fine").test for run_id in (*joint, alone)]
    shares = [np.exp(head.logits.astype(float)) for head in heads]
    mean = sum(share / share.sum(axis=1, keepdims=True) for share in shares)
    assert made.test.top1 == pytest.approx((mean.argmax(axis=1) == heads[0].labels).mean())
    rows = [store.run(run_id).row for run_id in (*joint, alone)]
    assert made.total_params == sum(row.total_params for row in rows)
    found = bench("ensemble", *joint, alone, "--db", db, "--json").data
    assert found["gain"]["top1"] == compare(made, found["gain"]["over"], artifacts).top1
    by_head = {head.target: head.top1 for head in store.heads.of(joint[0]).metrics if head.split == "val"}
    (member,) = [member for member in found["members"] if member["run_id"] == joint[0]]
    assert member["val_top1"] == by_head["fine"] != by_head["even"]
    ranked = bench("leaderboard", "--db", db, "--target", "fine", "--json").data
    assert [row["target"] for row in ranked if row["ensemble"]] == ["fine"]


def test_joint_runs_alone_need_a_target_to_answer(joint, db):
    said = refused("ensemble", *joint, "--db", db)
    assert "--target fine or --target even" in said
    assert "--target fine or --target even" in refused("ensemble", "--pool", "--db", db)
    for words in ((*joint,), ("--pool", "--rule", "soft"), (joint[0], "--pool", "--rule", "soft")):
        found = bench("ensemble", *words, "--target", "even", "--db", db, "--json").data
        assert (found["target"], found["num_classes"], len(found["members"])) == ("even", 2, 2)
    assert [made["ensemble_id"] for made in bench("ensembles", "--db", db, "--json").data] == [
        found["ensemble_id"]
    ]


def test_a_target_that_no_head_has_is_refused(joint, alone, db):
    assert "does not answer odd" in refused("ensemble", *joint, "--target", "odd", "--db", db)
    assert "does not answer even" in refused("ensemble", joint[0], alone, "--target", "even", "--db", db)
    assert "several targets" in refused("ensemble", *joint, "--target", "fine+even", "--db", db)


def test_a_pool_takes_the_heads_and_says_which_joint_run_it_leaves_out(store, joint, alone):
    artifacts = Artifacts.beside(store.location)
    found, errors = pool(store, artifacts, store.rows())
    assert ({each.run_id for each in found}, errors) == ({*joint, alone}, [])
    odd = record_run(store, of_target(3, "odd", 2), joint_predictions(8).of("even"))
    like = named(store, artifacts, [odd])[0]
    found, errors = pool(store, artifacts, store.rows(), like)
    assert [each.run_id for each in found] == [odd]
    assert {error.what for error in errors} == {f"Run {run[:12]} does not answer odd." for run in joint}


def test_a_joint_run_of_a_pool_without_predictions_is_left_out_and_said(store, joint, alone, db):
    artifacts = Artifacts.beside(store.location)
    artifacts.predictions_path(joint[1]).unlink()
    ended = bench("ensemble", "--pool", "--rule", "soft", "--db", db, "--json")
    assert {member["run_id"] for member in ended.data["members"]} == {joint[0], alone}
    assert f"Left out: The predictions of run {joint[1][:12]}" in ended.stderr


def test_the_best_member_is_that_with_the_best_head(store, joint, alone):
    artifacts = Artifacts.beside(store.location)
    candidates = named(store, artifacts, [*joint, alone])
    made = make(candidates, artifacts, Wanted())
    best = best_member(made, {each.run_id: each.metrics for each in candidates})
    assert max(candidates, key=lambda each: each.metrics.top1).run_id == best


def test_targets_that_differ_leave_a_joint_run_no_head_to_take(store, joint, alone):
    even = record_run(store, of_target(3, "even", 2), joint_predictions(8).of("even"))
    with pytest.raises(BenchError, match="Say which: --target fine or --target even"):
        named(store, Artifacts.beside(store.location), [alone, even, joint[0]])
