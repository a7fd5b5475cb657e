import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from bench.report.look.class_scores import class_scores, mean_f1, mean_recall, weakest_first
from bench.report.look.confusion import confusion_matrix


def scored(labels, predicted, classes):
    labels, predicted = np.array(labels, np.int64), np.array(predicted, np.int64)
    support = np.bincount(labels, minlength=classes)
    return class_scores(confusion_matrix(labels, predicted, classes), support, [f"c{i}" for i in range(classes)])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=50))
def test_scores_are_those_of_scikit_learn_where_it_defines_them(answers):
    labels, predicted = zip(*answers, strict=True)
    by_sklearn = precision_recall_fscore_support(labels, predicted, labels=range(5), zero_division=np.nan)
    made = [(one.precision, one.recall, one.f1, one.support) for one in scored(labels, predicted, 5)]
    assert np.allclose(np.array(made).T, np.array(by_sklearn, float), equal_nan=True)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_mean_recall_is_the_balanced_accuracy(answers):
    labels, predicted = zip(*answers, strict=True)
    if len(set(labels)) > 1:
        assert mean_recall(scored(labels, predicted, 4)) == pytest.approx(
            balanced_accuracy_score(labels, predicted)
        )


def test_an_image_without_a_prediction_is_missed_and_was_taken_for_nothing():
    one, other = scored([0, 0, 0, 1], [0, -1, 1, 1], 2)
    assert (one.support, one.predicted, one.right, one.recall, one.precision) == (3, 1, 1, 1 / 3, 1.0)
    assert (one.taken_for, other.taken_for) == (1, None)


def test_an_absent_class_has_no_scores_stands_last_and_is_in_no_mean():
    made = scored([0, 0, 1], [0, 1, 1], 3)
    assert math.isnan(made[2].f1)
    assert math.isnan(made[2].precision)
    assert weakest_first(made)[-1].index == 2
    assert mean_f1(made) == pytest.approx(2 / 3)
    assert mean_recall(made) == 0.75


def test_a_class_that_is_only_predicted_counts_as_zero():
    assert mean_f1(scored([0, 0], [0, 1], 2)) == pytest.approx((2 / 3) / 2)


def test_nothing_has_no_mean():
    assert math.isnan(mean_f1(scored([], [], 3)))
    assert math.isnan(mean_recall(scored([], [], 3)))
