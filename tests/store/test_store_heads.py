"""What the heads of joint runs measured, kept and found again. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from example_runs import planned, result, sweep
from store_steps import plan, take

from bench.records.runs import Contradiction, HeadResult, PlannedRun, TestMetrics, ValMetrics
from bench.store.rows import RunHeads

VAL, TEST = ValMetrics(0.8, 0.9, 0.5, 0.7, 180), TestMetrics(0.7, 0.85, 0.6, 0.65, 359)


def joint_result():
    heads = (
        HeadResult("zoo", 10, VAL, TEST),
        HeadResult("kind", 2, replace(VAL, loss=math.nan), replace(TEST, top1=0.9)),
    )
    against = tuple(Contradiction(split, "zoo", "kind", 0.1, n) for split, n in (("val", 180), ("test", 359)))
    return replace(result(), heads=heads, contradictions=against)


@pytest.fixture
def joint(store):
    """A finished joint run; its targets are not in the order of the alphabet."""
    made = planned(0)
    data = made.spec.dataset.model_copy(update={"target": "zoo+kind", "num_classes": 12, "groups": "9" * 64})
    spec = made.spec.model_copy(update={"dataset": data})
    store.plan(replace(sweep((spec.run_id,)), rejected=()), [PlannedRun(spec, made.counts)])
    store.finish(take(store, [spec.run_id]), joint_result())
    return spec.run_id


def test_heads_come_back_in_the_order_of_the_targets_val_before_test(store, joint):
    found = store.heads.of(joint)
    assert [(row.target, row.split, row.num_classes, row.top1, row.n) for row in found.metrics] == [
        ("zoo", "val", 10, 0.8, 180),
        ("zoo", "test", 10, 0.7, 359),
        ("kind", "val", 2, 0.8, 180),
        ("kind", "test", 2, 0.9, 359),
    ]
    assert found.metrics[2].loss is None
    assert [tuple(each) for each in found.contradictions] == [
        ("val", "zoo", "kind", 0.1, 180),
        ("test", "zoo", "kind", 0.1, 359),
    ]


def test_a_run_with_one_head_has_nothing_there(store, joint):
    (other,) = plan(store, 1)
    store.finish(take(store, [other]), result())
    assert store.heads.of(other) == RunHeads()
    assert store.heads.all() == store.heads.all([other, joint]) == {joint: store.heads.of(joint)}
    assert store.heads.all([]) == {}


def test_a_row_says_which_groups_its_target_is_made_of(store, joint):
    (other,) = plan(store, 1)
    assert store.run(joint).row.class_groups == "9" * 64
    assert store.run(other).row.class_groups == ""
