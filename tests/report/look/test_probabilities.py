import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, top_k_accuracy_score

from bench.records.predictions import ValPredictions
from bench.report.look.probabilities import (
    COLDEST,
    brier,
    fit_temperature,
    likelihood_loss,
    score,
    top_k,
)


def drawn(n=300, classes=7, skill=2.0, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    logits = random.normal(size=(n, classes)).astype(np.float32)
    logits[np.arange(n), labels] += skill
    return logits, labels


def val(logits, labels):
    return ValPredictions(np.array([str(i) for i in range(len(labels))], dtype=str), labels, logits)


def test_likelihood_brier_and_top_k_are_those_of_scikit_learn():
    logits, labels = drawn()
    scored = score(logits, labels)
    classes = list(range(7))
    assert likelihood_loss(scored) == pytest.approx(log_loss(labels, scored.probabilities, labels=classes))
    by_sklearn = brier_score_loss(labels, scored.probabilities, labels=classes, scale_by_half=False)
    assert brier(scored) == pytest.approx(by_sklearn)
    tops = top_k(logits, labels)
    assert list(tops) == [1, 2, 3, 5]
    assert all(tops[k] == pytest.approx(top_k_accuracy_score(labels, logits, k=k, labels=classes)) for k in tops)


@given(
    st.lists(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=3, max_size=3), min_size=1, max_size=9)
)
def test_probabilities_sum_to_one_however_large_the_logits(rows):
    scored = score(np.array(rows, np.float32), np.zeros(len(rows), np.int64))
    assert np.allclose(scored.probabilities.sum(axis=1), 1)


def test_logits_that_are_not_finite_are_no_prediction_and_never_right():
    logits, labels = np.array([[9, 0], [np.nan, 5], [np.inf, 0], [0, 1]], np.float32), np.array([0, 1, 0, 0])
    scored = score(logits, labels)
    assert scored.predicted.tolist() == [0, -1, -1, 1]
    assert (scored.n, scored.not_finite, scored.right.tolist()) == (4, 2, [True, False])
    assert top_k(logits, labels) == {1: 0.25}
    assert math.isfinite(likelihood_loss(scored))


def test_of_equal_logits_the_first_class_wins():
    logits = np.zeros((2, 3), np.float32)
    assert score(logits, np.array([0, 2])).right.tolist() == [True, False]
    assert top_k(logits, np.array([0, 2])) == {1: 0.5, 2: 0.5}


def test_a_label_that_is_no_class_is_refused():
    with pytest.raises(ValueError, match="do not fit 2 classes"):
        score(np.zeros((1, 2), np.float32), np.array([2]))


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_the_temperature_that_spoilt_the_logits_is_found(true):
    random = np.random.default_rng(1)
    logits = random.normal(scale=2, size=(20_000, 5))
    labels = (logits + random.gumbel(size=logits.shape)).argmax(axis=1)  # drawn from softmax(logits)
    assert fit_temperature(val((logits * true).astype(np.float32), labels)) == pytest.approx(true, rel=0.05)


def test_the_temperature_lowers_the_likelihood_loss_on_validation_and_changes_no_prediction():
    logits, labels = drawn(skill=1.0)
    made = fit_temperature(val(logits * 4, labels))
    before, after = score(logits * 4, labels), score(logits * 4, labels, made)
    assert likelihood_loss(after) < likelihood_loss(before)
    assert np.array_equal(before.predicted, after.predicted)


def test_where_every_image_is_right_the_temperature_is_cold_and_within_bounds():
    logits, labels = drawn(skill=50.0)
    assert COLDEST <= fit_temperature(val(logits, labels)) < 1


@pytest.mark.parametrize(
    "logits", [np.zeros((0, 3), np.float32), np.zeros((4, 1), np.float32), np.full((4, 3), np.nan, np.float32)]
)
def test_there_is_no_temperature_where_there_is_nothing_to_fit(logits):
    assert fit_temperature(val(logits, np.zeros(len(logits), np.int64))) is None


def test_without_images_every_mean_is_not_a_number():
    nothing = score(np.zeros((0, 3), np.float32), np.array([], np.int64))
    assert math.isnan(brier(nothing))
    assert math.isnan(likelihood_loss(nothing))
    assert math.isnan(top_k(np.zeros((0, 3), np.float32), np.array([], np.int64))[1])
