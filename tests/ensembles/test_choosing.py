"""Weights and members that validation chooses: against brute force, and what never happens."""

from __future__ import annotations

from itertools import product
from typing import get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_logits import drawn

from bench.ensembles.candidates import Candidate
from bench.ensembles.greedy import ROUNDS, choose_members
from bench.ensembles.voting import soft_vote
from bench.ensembles.weighting import choose_weights
from bench.metrics.accuracy import measure
from bench.records.predictions import ValPredictions
from bench.records.runs import ValMetrics

skills = st.lists(st.floats(0, 3), min_size=2, max_size=5)


def library(some, images=80):
    return {f"run{i}": drawn(ValPredictions, skill, i, images) for i, skill in enumerate(some)}


def val_of(members, weights):
    labels = next(iter(members.values())).labels
    return measure(ValMetrics, soft_vote(members, weights), labels)


def anything(_):
    return True


def best_single(members):
    single = {name: measure(ValMetrics, made.logits, made.labels) for name, made in members.items()}
    return max(single, key=lambda name: (single[name].top1, -single[name].loss)), single


@settings(max_examples=25, deadline=None)
@given(skills)
def test_a_weighted_ensembles_val_loss_is_never_above_the_best_members_or_of_equal_weights(some):
    members = library(some)
    weights = choose_weights(members)
    least = min(single.loss for single in best_single(members)[1].values())
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) >= 0
    assert val_of(members, weights).loss <= least + 1e-9
    assert val_of(members, weights).loss <= val_of(members, None).loss + 1e-6  # weights come in steps


@pytest.mark.parametrize("some", [(1.0, 1.2, 0.6), (2.0, 2.0, 2.0), (0.0, 0.1, 2.5)])
def test_no_weights_on_a_grid_fit_validation_better(some):
    members = library(some)
    found = val_of(members, choose_weights(members)).loss
    for a, b in product(np.linspace(0, 1, 41), repeat=2):
        if a + b <= 1:
            grid = dict(zip(members, (a, b, 1 - a - b), strict=True))
            assert found <= val_of(members, grid).loss + 1e-6


@settings(max_examples=15, deadline=None)
@given(skills, st.randoms())
def test_the_order_of_the_candidates_changes_neither_weights_nor_members(some, random):
    members = library(some)
    shuffled = dict(random.sample(list(members.items()), len(members)))
    assert choose_weights(members) == choose_weights(shuffled)
    first = [best_single(members)[0]]
    assert choose_members(members, anything, first) == choose_members(shuffled, anything, first)


def test_a_run_that_knows_nothing_gets_no_weight():
    members = library([3.0, 2.5])
    flat = ValPredictions(members["run0"].ids, members["run0"].labels, np.zeros_like(members["run0"].logits))
    wrong = ValPredictions(flat.ids, flat.labels, -9 * members["run0"].logits)
    weights = choose_weights({**members, "wrong": wrong})
    assert weights["wrong"] == 0.0


def test_two_runs_that_say_the_same_are_as_good_as_one():
    members = library([1.0])
    twins = {"a": members["run0"], "b": members["run0"]}
    assert val_of(twins, choose_weights(twins)).loss == pytest.approx(val_of(members, None).loss)


def test_a_member_that_is_certain_and_wrong_does_not_stop_the_search():
    """Its probability of the true class is 0 in floats, so its loss alone would be infinite in them."""
    members = library([1.0, 0.5])
    sure = ValPredictions(members["run0"].ids, members["run0"].labels, members["run0"].logits * -1e4)
    weights = choose_weights({**members, "sure": sure})
    assert np.isfinite(val_of({**members, "sure": sure}, weights).loss)


@settings(max_examples=20, deadline=None)
@given(skills)
def test_a_greedy_ensemble_validates_at_least_as_well_as_the_best_run(some):
    members = library(some)
    first, single = best_single(members)
    picks = choose_members(members, anything, [first])
    found = val_of(members, picks)
    assert found.top1 >= single[first].top1
    assert found.top1 > single[first].top1 or found.loss <= single[first].loss + 1e-12
    assert sum(picks.values()) <= ROUNDS


@settings(max_examples=25, deadline=None)
@given(skills, st.lists(st.integers(1, 9), min_size=5, max_size=5), st.integers(9, 20))
def test_greedy_never_breaks_a_budget(some, sizes, limit):
    members = library(some)
    size = dict(zip(members, sizes, strict=False))
    picks = choose_members(members, lambda names: sum(size[n] for n in names) <= limit, [best_single(members)[0]])
    assert sum(size[name] for name in picks) <= limit


@pytest.mark.parametrize("most", [1, 2, 3])
def test_greedy_takes_no_more_members_than_it_may(most):
    members = library([0.8] * 6)
    assert len(choose_members(members, anything, list(members), most)) <= most


def test_the_second_member_of_greedy_is_the_best_there_is():
    """With room for two picks, brute force over every partner of the first run finds none better."""
    members = library([0.7, 0.6, 0.5, 0.7])
    first, single = best_single(members)
    pairs = [val_of(members, {first: 1, name: 1}) for name in members if name != first]
    best = max((pair.top1, -pair.loss) for pair in pairs)
    assert best > (single[first].top1, -single[first].loss)  # else the test shows nothing
    found = val_of(members, choose_members(members, anything, [first], most=2))
    assert (found.top1, -found.loss) >= (best[0], best[1] - 1e-12)


def test_several_beginnings_find_what_one_would_miss():
    """The best run fills the budget alone; two small ones that fit together are better than it."""
    members = library([1.3, 1.1, 1.1])
    size = {"run0": 10, "run1": 5, "run2": 5}

    def fits(names):
        return sum(size[name] for name in names) <= 10

    assert best_single(members)[0] == "run0"
    assert set(choose_members(members, fits, ["run0"])) == {"run0"}
    assert set(choose_members(members, fits, ["run0", "run1"])) == {"run1", "run2"}


def test_what_chooses_is_given_validation_predictions_by_type():
    for choose in (choose_weights, choose_members):
        hints = get_type_hints(choose)
        hints.pop("return")
        data = [str(hint) for hint in hints.values() if "Predictions" in str(hint)]
        assert data
        assert all("ValPredictions" in hint and "TestPredictions" not in hint for hint in data)
    held = get_type_hints(Candidate)
    assert held["val"] is ValPredictions
    assert not [name for name, hint in held.items() if "Test" in str(hint)]
