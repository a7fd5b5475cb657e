import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from bench.metrics.calibration import (
    equal_mass_bins,
    equal_width_bins,
    expected_error,
    maximum_error,
    wilson,
)

answers = st.lists(st.tuples(st.floats(0.01, 1), st.booleans()), min_size=1, max_size=80)


def arrays(made):
    return np.array([sure for sure, _ in made]), np.array([right for _, right in made])


@settings(max_examples=30)
@given(answers)
def test_bins_of_equal_width_are_those_of_scikit_learn(made):
    confidence, right = arrays(made)
    bins = [one for one in equal_width_bins(confidence, right) if one.n]
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    assert np.allclose([one.accuracy for one in bins], accuracy)
    assert np.allclose([one.confidence for one in bins], mean)


@pytest.mark.parametrize("cut", [equal_width_bins, equal_mass_bins])
@settings(max_examples=50)
@given(answers)
def test_every_image_is_in_one_bin_whose_bounds_hold_it(cut, made):
    confidence, right = arrays(made)
    bins = cut(confidence, right)
    assert sum(one.n for one in bins) == len(confidence)
    assert sum(one.n * one.accuracy for one in bins if one.n) == pytest.approx(right.sum())
    for one in bins:
        assert not one.n or one.low < one.confidence <= one.high + 1e-12
    assert 0 <= expected_error(bins) <= maximum_error(bins) + 1e-12


@settings(max_examples=50)
@given(answers, st.randoms(use_true_random=False))
def test_the_order_of_the_images_changes_no_bin(made, random):
    other = list(made)
    random.shuffle(other)
    for cut in (equal_width_bins, equal_mass_bins):
        assert expected_error(cut(*arrays(made))) == pytest.approx(expected_error(cut(*arrays(other))))


def test_the_errors_of_a_case_by_hand():
    confidence, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, False, False, False])
    bins = equal_width_bins(confidence, right, 10)
    assert expected_error(bins) == pytest.approx(0.5 * 0.45 + 0.5 * 0.55)
    assert maximum_error(bins) == pytest.approx(0.55)
    assert [one.n for one in bins] == [0, 0, 0, 0, 0, 2, 0, 0, 0, 2]
    assert bins[-1].gap == pytest.approx(-0.45)
    assert math.isnan(bins[0].accuracy)


def test_confidence_that_is_true_by_construction_has_nearly_no_error():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.1, 1, 200_000)
    right = random.uniform(size=200_000) < confidence
    assert expected_error(equal_width_bins(confidence, right)) < 0.005
    assert expected_error(equal_mass_bins(confidence, right)) < 0.005


def test_bins_of_equal_mass_hold_about_as_many_and_never_part_equal_confidences():
    random = np.random.default_rng(0)
    sizes = [one.n for one in equal_mass_bins(random.uniform(size=1500), np.ones(1500, bool))]
    assert sizes == [100] * 15
    confidence = np.array([0.5] * 10 + [1.0] * 90)
    assert [one.n for one in equal_mass_bins(confidence, np.ones(100, bool))] == [10, 90]


def test_without_images_there_is_no_error():
    nothing = np.array([]), np.array([], bool)
    assert math.isnan(expected_error(equal_width_bins(*nothing)))
    assert math.isnan(maximum_error(equal_mass_bins(*nothing)))


def test_the_interval_is_wilsons():
    from scipy.stats import binomtest

    for right, n in ((0, 5), (3, 7), (50, 50)):
        by_scipy = binomtest(right, n).proportion_ci(method="wilson")
        assert wilson(right / n, n) == pytest.approx((by_scipy.low, by_scipy.high))
    assert all(math.isnan(end) for end in wilson(0.0, 0))
