"""Votes agree with scikit-learn's, and with counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import VotingClassifier
from sklearn.preprocessing import LabelEncoder
from stored_logits import CLASSES, drawn

from bench.ensembles.voting import hard_vote, log_probabilities, soft_vote
from bench.metrics.accuracy import measure
from bench.records.predictions import ValPredictions
from bench.records.runs import ValMetrics

libraries = st.lists(
    st.tuples(st.floats(0, 3), st.integers(0, 99)), min_size=2, max_size=5, unique_by=lambda x: x[1]
)


def members_of(library, images=60):
    return {f"{seed:02}": drawn(ValPredictions, skill, seed, images) for skill, seed in library}


class Said(ClassifierMixin, BaseEstimator):
    """A classifier of scikit-learn's that says what a run said, of images given by their number."""

    def __init__(self, made=None):
        self.made = made

    def predict_proba(self, X):  # noqa: N803 - scikit-learn's name
        return np.exp(log_probabilities(self.made))[X[:, 0]]

    def predict(self, X):  # noqa: N803 - the same
        return self.made.logits.argmax(axis=1)[X[:, 0]]


def sklearns(members, voting, weights=None):
    vote = VotingClassifier([(name, Said(made)) for name, made in members.items()], voting=voting, weights=weights)
    vote.estimators_ = [Said(made) for made in members.values()]
    vote.le_ = LabelEncoder().fit(np.arange(CLASSES))
    return vote


@settings(max_examples=30, deadline=None)
@given(libraries)
def test_a_soft_vote_is_scikit_learns(library):
    members = members_of(library)
    images = np.arange(60)[:, None]
    wanted = sklearns(members, "soft").predict_proba(images)
    assert np.allclose(np.exp(soft_vote(members)), wanted, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(libraries, st.integers(0, 99))
def test_a_weighted_vote_is_scikit_learns(library, seed):
    members = members_of(library)
    weights = dict(zip(members, np.random.default_rng(seed).uniform(0.1, 2, len(members)), strict=True))
    wanted = sklearns(members, "soft", list(weights.values())).predict_proba(np.arange(60)[:, None])
    assert np.allclose(np.exp(soft_vote(members, weights)), wanted, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(libraries)
def test_a_hard_vote_is_scikit_learns_where_votes_are_not_tied(library):
    members = members_of(library)
    votes = np.stack([made.logits.argmax(axis=1) for made in members.values()])
    counted = np.sort([np.bincount(column, minlength=CLASSES) for column in votes.T], axis=1)
    clear = counted[:, -1] > counted[:, -2]
    wanted = sklearns(members, "hard").predict(np.arange(60)[:, None])
    assert (hard_vote(members).argmax(axis=1) == wanted)[clear].all()


@settings(max_examples=30, deadline=None)
@given(libraries)
def test_ties_of_a_hard_vote_go_to_the_larger_summed_probability(library):
    members = members_of(library)
    for image, answer in enumerate(hard_vote(members).argmax(axis=1)):
        votes = np.bincount([made.logits[image].argmax() for made in members.values()], minlength=CLASSES)
        summed = sum(np.exp(log_probabilities(made))[image] for made in members.values())
        assert answer == max(range(CLASSES), key=lambda c, v=votes, s=summed: (v[c], s[c]))


@settings(max_examples=30, deadline=None)
@given(libraries, st.randoms())
def test_the_order_of_the_members_changes_nothing(library, random):
    members = members_of(library)
    shuffled = dict(random.sample(list(members.items()), len(members)))
    for vote in (soft_vote, hard_vote):
        assert (vote(members) == vote(shuffled)).all()


def test_a_members_weight_of_zero_is_a_member_left_out():
    one, two, three = members_of([(1.0, 1), (1.0, 2), (1.0, 3)]).items()
    weights = {one[0]: 2.0, two[0]: 1.0, three[0]: 0.0}
    without = soft_vote(dict([one, two]), {one[0]: 2.0, two[0]: 1.0})
    assert (soft_vote(dict([one, two, three]), weights) == without).all()


def test_probabilities_too_small_for_a_float_stay_finite_and_in_order():
    """Where all members are sure of a wrong class, the true one still ranks before one that is less likely."""
    logits = np.array([[4000.0, -3000.0, -3500.0]], np.float32)
    members = {name: ValPredictions(np.array(["0"]), np.array([1]), logits) for name in "ab"}
    scores = soft_vote(members)
    assert np.isfinite(scores).all()
    found = measure(ValMetrics, scores, np.array([1]))
    assert (found.top1, found.loss) == (0.0, pytest.approx(7000.0))
    assert scores[0].argsort().tolist() == [2, 1, 0]


def test_one_class_is_always_right():
    members = {name: drawn(ValPredictions, 1.0, 3, 5, classes=1) for name in "ab"}
    for vote in (soft_vote, hard_vote):
        assert measure(ValMetrics, vote(members), np.zeros(5, np.int64)).top1 == 1.0
