import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.metrics.paired import difference_interval, mcnemar, paired_test, same_order
from bench.records.predictions import TestPredictions


def predictions(ids, labels):
    return TestPredictions(np.array(ids, str), np.array(labels, np.int64), np.zeros((len(ids), 3), np.float32))


def test_mcnemar_by_hand():
    exact, mid = mcnemar(1, 5)  # 2 * (1 + 6) / 64, less 6 / 64
    assert exact == pytest.approx(14 / 64)
    assert mid == pytest.approx(8 / 64)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_the_exact_binomial_test_and_does_not_care_who_is_first(one, other):
    from scipy.stats import binomtest

    exact, mid = mcnemar(one, other)
    assert (exact, mid) == mcnemar(other, one)
    assert exact == pytest.approx(binomtest(one, one + other).pvalue if one + other else 1.0)
    assert mid <= exact


@given(st.integers(0, 100))
def test_equal_counts_never_tell_anything(count):
    assert mcnemar(count, count)[0] == 1.0
    assert mcnemar(count, count)[1] == pytest.approx(1.0) or count == 0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_the_four_counts_are_all_images_and_the_difference_is_that_of_the_accuracies(made):
    first, second = (np.array([pair[side] for pair in made], bool) for side in (0, 1))
    found = paired_test(first, second)
    assert found.both + found.only_first + found.only_second + found.neither == found.n == len(made)
    if made:
        assert found.difference == pytest.approx(first.mean() - second.mean())
        assert found.low - 1e-9 <= found.difference <= found.high + 1e-9
    else:
        assert math.isnan(found.difference)
        assert math.isnan(found.low)


def test_the_interval_is_about_that_of_drawing_the_images_themselves_anew():
    random = np.random.default_rng(0)
    gained = np.array([1] * 60 + [-1] * 35 + [0] * 305)
    drawn = gained[random.integers(0, 400, (20_000, 400))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert difference_interval(200, 60, 35, 105) == pytest.approx((low, high), abs=0.004)


@pytest.mark.parametrize(
    ("counts", "published"), [((36, 12, 2, 0), (0.0569, 0.3404)), ((54, 0, 0, 0), (-0.0664, 0.0664))]
)
def test_the_interval_is_the_published_one_of_newcombe(counts, published):
    """Newcombe 1998, Statistics in Medicine 17:2635, method 10."""
    assert difference_interval(*counts) == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize(
    "counts", [(10, 0, 0, 0), (0, 0, 0, 10), (5, 0, 0, 5), (99, 0, 0, 1), (0, 3, 0, 0), (1, 0, 0, 1)]
)
def test_no_difference_is_certain_on_a_few_images(counts):
    low, high = difference_interval(*counts)
    assert -1 <= low < high <= 1
    assert low <= (counts[1] - counts[2]) / sum(counts) <= high


def test_a_clear_difference_tells_and_a_small_one_does_not():
    right = np.ones(100, bool)
    worse, alike = right.copy(), right.copy()
    worse[:20], alike[:2] = False, False
    assert paired_test(right, worse).tells
    assert not paired_test(right, alike).tells


def test_the_same_images_in_another_order_are_found():
    first, second = predictions(["a", "b", "c"], [0, 1, 2]), predictions(["c", "a", "b"], [2, 0, 1])
    assert same_order(first, second).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("ids", "labels", "why"),
    [
        (["a", "b"], [0, 1], "3 and 2 images, 2 of them in common"),
        (["a", "b", "d"], [0, 1, 2], "2 of them in common"),
        (["a", "b", "c"], [0, 2, 1], "other labels"),
    ],
)
def test_other_images_or_labels_are_not_compared(ids, labels, why):
    with pytest.raises(BenchError, match="image by image") as caught:
        same_order(predictions(["a", "b", "c"], [0, 1, 2]), predictions(ids, labels))
    assert why in caught.value.why
