import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as by_sklearn

from bench.report.look.confusion import (
    clustered_order,
    confusion_matrix,
    error_order,
    expected_confusion,
    row_shares,
    worst_pairs,
)


@st.composite
def answers(draw):
    """Labels and predictions of up to 60 images of up to 8 classes; -1 is no prediction."""
    classes = draw(st.integers(1, 8))
    n = draw(st.integers(0, 60))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))
    predicted = draw(st.lists(st.integers(-1, classes - 1), min_size=n, max_size=n))
    return np.array(labels, np.int64), np.array(predicted, np.int64), classes


@pytest.mark.filterwarnings("ignore:A single label was found")
@settings(max_examples=30)
@given(answers())
def test_it_counts_as_scikit_learn_does_and_leaves_out_what_has_no_prediction(made):
    labels, predicted, classes = made
    matrix = confusion_matrix(labels, predicted, classes)
    kept = predicted >= 0
    assert matrix.sum() == kept.sum()
    if kept.any():
        assert np.array_equal(matrix, by_sklearn(labels[kept], predicted[kept], labels=range(classes)))


@given(answers(), st.randoms(use_true_random=False))
def test_renaming_the_classes_permutes_the_matrix_and_its_pairs(made, random):
    labels, predicted, classes = made
    new = list(range(classes))
    random.shuffle(new)
    renamed = np.array([*new, -1])
    matrix = confusion_matrix(labels, predicted, classes)
    other = confusion_matrix(renamed[labels], renamed[predicted], classes)
    assert np.array_equal(other[np.ix_(new, new)], matrix)
    counted = sorted((pair.count, pair.share) for pair in worst_pairs(matrix, most=99))
    assert counted == sorted((pair.count, pair.share) for pair in worst_pairs(other, most=99))


def test_worst_pairs_come_by_count_then_share_and_are_never_on_the_diagonal():
    matrix = np.array([[50, 3, 0], [3, 1, 2], [0, 0, 9]])
    found = [(pair.true, pair.predicted, pair.count, round(pair.share, 3)) for pair in worst_pairs(matrix)]
    assert found == [(1, 0, 3, 0.5), (0, 1, 3, 0.057), (1, 2, 2, 0.333)]
    assert len(worst_pairs(matrix, most=1)) == 1


def test_no_mistakes_are_no_pairs():
    assert worst_pairs(np.eye(4, dtype=np.int64)) == []


def test_shares_of_a_class_without_images_are_zero():
    assert row_shares(np.array([[1, 3], [0, 0]])).tolist() == [[0.25, 0.75], [0, 0]]


def test_the_expected_confusion_is_the_mean_probability_by_class():
    probabilities = np.array([[0.8, 0.2, 0.0], [0.6, 0.4, 0.0], [0.0, 0.1, 0.9]])
    expected = expected_confusion(probabilities, np.array([0, 0, 2]))
    assert np.allclose(expected, [[0.7, 0.3, 0], [0, 0, 0], [0, 0.1, 0.9]])


def test_classes_that_are_confused_stand_together_however_they_were_numbered():
    family, random = 4, np.random.default_rng(0)
    clean = np.kron(np.eye(10), np.full((family, family), 3)) + 20 * np.eye(40)
    shuffled = random.permutation(40)
    order = clustered_order(clean[np.ix_(shuffled, shuffled)])
    families = shuffled[order] // family
    assert (np.diff(families) != 0).sum() == 9


@given(st.integers(0, 12), st.integers(0, 5))
def test_every_order_is_a_permutation_also_of_a_matrix_of_zeros(classes, most):
    matrix = np.random.default_rng(classes).integers(0, most + 1, (classes, classes))
    for order in (clustered_order(matrix), error_order(matrix)):
        assert sorted(order.tolist()) == list(range(classes))


def test_more_classes_than_leaves_can_be_ordered_are_still_clustered():
    assert len(set(clustered_order(np.eye(600)).tolist())) == 600


def test_most_errors_come_first_and_classes_without_images_last():
    assert error_order(np.array([[9, 1, 0], [0, 0, 0], [5, 0, 5]])).tolist() == [2, 0, 1]
