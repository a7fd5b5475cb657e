"""What is measured through a label map, held against scikit-learn and against what can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, top_k_accuracy_score

from bench.metrics.ranks import ranks
from bench.records.targets import contradiction
from bench.transfer.scores import class_scores, confidences, confusion, measure_mapped

RIGHT = {0: 3, 1: 5, 2: 5, 7: 0}
"""Four of their classes; two of them are one of ours, of which there are eight."""


@pytest.fixture
def scored():
    random = np.random.default_rng(0)
    labels = random.choice(list(RIGHT), 200)
    logits = random.normal(size=(200, 8)).astype(np.float32)
    logits[np.arange(200), [RIGHT[int(label)] for label in labels]] += 1.5
    return logits, labels.astype(np.int64)


def test_accuracies_and_f1_are_scikit_learn_s(scored):
    logits, labels = scored
    wanted = np.array([RIGHT[int(label)] for label in labels])
    found = measure_mapped(logits, labels, RIGHT)
    assert found.n == 200
    assert found.top1 == pytest.approx(accuracy_score(wanted, logits.argmax(1)))
    assert found.top5 == pytest.approx(top_k_accuracy_score(wanted, logits, k=5, labels=range(8)))
    assert found.macro_f1 == pytest.approx(f1_score(wanted, logits.argmax(1), labels=[0, 3, 5], average="macro"))


def test_among_mapped_classes_only_those_can_be_said(scored):
    logits, labels = scored
    wanted = np.array([RIGHT[int(label)] for label in labels])
    said = np.array([0, 3, 5])[logits[:, [0, 3, 5]].argmax(1)]
    only = measure_mapped(logits, labels, RIGHT, only_mapped=True)
    assert only.top1 == pytest.approx(accuracy_score(wanted, said))
    assert only.top1 > measure_mapped(logits, labels, RIGHT).top1


def test_confidence_is_the_greatest_softmax_of_the_right_and_of_the_wrong(scored):
    logits, labels = scored
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    hit = logits.argmax(1) == [RIGHT[int(label)] for label in labels]
    found = measure_mapped(logits, labels, RIGHT)
    assert found.confidence_right == pytest.approx(softmax.max(1)[hit].mean(), rel=1e-5)
    assert found.confidence_wrong == pytest.approx(softmax.max(1)[~hit].mean(), rel=1e-5)


def test_where_all_are_right_there_is_no_confidence_when_wrong():
    found = measure_mapped(np.eye(8, dtype=np.float32)[[3, 3]], np.array([0, 0]), RIGHT)
    assert found.top1 == 1.0
    assert found.confidence_wrong is None


def test_scores_that_are_not_finite_are_never_right():
    logits = np.array([[np.nan] * 3, [np.inf, 0, 0], [2, 1, 0]], np.float32)
    assert ranks(logits, np.array([0, 0, 0])).tolist() == [5, 5, 0]
    found = measure_mapped(logits, np.zeros(3, np.int64), {0: 0})
    assert found.top1 == found.top5 == pytest.approx(1 / 3)
    assert found.confidence_wrong is None
    assert np.isnan(confidences(logits)[:2]).all()


def test_of_equal_scores_the_first_is_said():
    assert ranks(np.zeros((2, 3), np.float32), np.array([0, 2])).tolist() == [0, 2]


def test_the_classes_add_up_to_the_whole(scored):
    logits, labels = scored
    names = tuple("abcdefgh")
    found = class_scores(logits, labels, {**RIGHT, 4: 1}, names, names)
    assert [score.theirs for score in found] == ["a", "b", "c", "h"]  # e has no image
    whole = measure_mapped(logits, labels, RIGHT)
    assert sum(score.n * score.top1 for score in found) / 200 == pytest.approx(whole.top1)
    assert found[1].ours == found[2].ours == "f"


def test_what_was_said_of_a_class_is_counted_most_first():
    logits = np.eye(4, dtype=np.float32)[[2, 2, 1, 0]]
    (score,) = class_scores(logits, np.zeros(4, np.int64), {0: 2}, ("x",), tuple("abcd"))
    assert score.said == (("c", 2), ("a", 1), ("b", 1))


def test_the_confusion_counts_every_image_once(scored):
    logits, labels = scored
    said, counts = confusion(logits, labels, list(RIGHT))
    assert np.array(counts).sum() == 200
    assert counts[0][said.index(3)] == ((labels == 0) & (logits.argmax(1) == 3)).sum()


def test_heads_contradict_each_other_where_the_group_is_another():
    fine = np.eye(3, dtype=np.float32)[[0, 1, 2, 2]]
    coarse = np.eye(2, dtype=np.float32)[[0, 0, 0, 1]]
    assert contradiction(fine, coarse, np.array([0, 0, 1])) == 0.25
