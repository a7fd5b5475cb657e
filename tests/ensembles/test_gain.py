"""The gain over the best member: its interval against resampling images, its p-value against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from stored_logits import drawn

from bench.ensembles.gain import gain
from bench.ensembles.voting import soft_vote
from bench.records.predictions import TestPredictions


@pytest.fixture
def compared():
    members = {name: drawn(TestPredictions, 0.9, seed, 400) for name, seed in (("a", 1), ("b", 2))}
    scores = soft_vote(members)
    return members["a"], scores, gain(scores, members["a"], "a")


def test_the_gain_is_the_difference_of_the_accuracies(compared):
    member, scores, found = compared
    right = [(said.argmax(axis=1) == member.labels) for said in (scores, member.logits)]
    assert found.top1 == pytest.approx(right[0].mean() - right[1].mean())
    assert found.won == (right[0] & ~right[1]).sum()
    assert found.lost == (right[1] & ~right[0]).sum()
    assert found.over == "a"


def test_the_interval_is_that_of_resampled_images(compared):
    member, scores, found = compared
    differs = (scores.argmax(axis=1) == member.labels) * 1.0 - (member.logits.argmax(axis=1) == member.labels)
    images = np.random.default_rng(7).integers(0, len(differs), (4000, len(differs)))
    low, high = np.quantile(differs[images].mean(axis=1), [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.006)


def test_the_p_value_is_mcnemars_mid_p(compared):
    found = compared[2]
    smaller = min(found.won, found.lost)
    n = found.won + found.lost
    assert found.p == pytest.approx(min(1.0, 2 * binom.cdf(smaller, n, 0.5) - binom.pmf(smaller, n, 0.5)))


def test_against_itself_there_is_no_gain(compared):
    member = compared[0]
    found = gain(member.logits.astype(float), member, "a")
    assert (found.top1, found.won, found.lost, found.p) == (0, 0, 0, 1.0)
    assert found.low == pytest.approx(-found.high)
    assert 0 < found.high < 0.01  # 600 images do not show that the two are the same
