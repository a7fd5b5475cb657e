"""Metrics agree with scikit-learn and torch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, top_k_accuracy_score

from bench.data.splits import TestSplit
from bench.metrics.accuracy import first_ones, hits, majority_top1, measure, measure_heads, value_of
from bench.records.runs import TestMetrics, ValMetrics
from bench.train.loss import Loss
from bench.train.tallies import Peeking, right_ones


@settings(max_examples=40, deadline=None)
@given(n=st.integers(20, 80), classes=st.integers(6, 12), seed=st.integers(0, 2**32 - 1))
def test_metrics_are_those_of_scikit_learn_and_torch(n: int, classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, (n, classes)).astype(np.float32)
    labels = random.integers(0, classes, n)
    found = measure(TestMetrics, logits, labels)
    known = list(range(classes))
    predicted = logits.argmax(axis=1)
    present = sorted(set(labels) | set(predicted))
    assert found.top1 == pytest.approx(np.mean(predicted == labels))
    assert found.top5 == pytest.approx(top_k_accuracy_score(labels, logits, k=5, labels=known))
    assert found.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro", labels=present))
    with warnings.catch_warnings():  # it warns of predicted classes that are not present
        warnings.simplefilter("ignore", UserWarning)
        assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predicted))
    wanted = torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels))
    assert found.loss == pytest.approx(float(wanted), rel=1e-5)
    assert found.n == n


def test_top5_of_three_classes_is_one() -> None:
    assert measure(ValMetrics, np.eye(3, dtype=np.float32), np.array([1, 2, 0])).top5 == 1.0


def test_a_class_that_is_absent_is_left_out_of_the_balanced_accuracy() -> None:
    logits = np.eye(4, dtype=np.float32)[[0, 0, 0, 0, 2]]
    found = measure(ValMetrics, logits, np.array([0, 0, 0, 1, 2]))
    assert found.top1 == pytest.approx(4 / 5)
    assert found.balanced_accuracy == pytest.approx((1 + 0 + 1) / 3)


def test_naming_the_majority_of_train_is_measured_on_the_other_labels() -> None:
    train, val = np.array([2, 2, 2, 0, 1]), np.array([0, 2, 1, 1])
    assert majority_top1(train, train) == pytest.approx(0.6)
    assert majority_top1(train, val) == pytest.approx(0.25)
    assert majority_top1(np.array([1, 0, 0, 1]), np.array([0, 0, 1])) == pytest.approx(2 / 3), "of a tie the first"
    two = np.stack([train, np.array([0, 1, 1, 1, 1])], axis=1)
    assert majority_top1(two, two) == pytest.approx((0.6 + 0.8) / 2)


def test_equal_scores_are_right_only_for_the_first_class() -> None:
    found = measure(ValMetrics, np.zeros((3, 3), np.float32), np.array([0, 1, 2]))
    assert found.top1 == pytest.approx(1 / 3)


def test_equal_scores_among_the_first_five_go_to_the_first_classes() -> None:
    scores, labels = torch.zeros(2, 7, 7), torch.arange(7)
    assert right_ones(scores, labels).tolist() == [[1, 5], [1, 5]]


def test_scores_that_are_not_numbers_are_never_right() -> None:
    found = measure(ValMetrics, np.full((4, 3), np.nan, np.float32), np.array([0, 1, 2, 0]))
    assert found.top1 == 0.0
    assert np.isnan(found.loss)


def test_a_smaller_loss_is_a_larger_value() -> None:
    worse, better = (ValMetrics(0.5, 1.0, loss, 0.5, 4) for loss in (2.0, 1.0))
    assert value_of(better, "val_loss") > value_of(worse, "val_loss")
    assert value_of(better, "val_top1") == 0.5


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(1, 40), classes=st.lists(st.integers(2, 9), min_size=2, max_size=4), seed=st.integers(0, 2**32)
)
def test_of_several_targets_every_number_is_the_mean_over_them(n: int, classes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, (n, sum(classes))).astype(np.float32)
    labels = np.stack([random.integers(0, count, n) for count in classes], axis=1)
    ends = np.cumsum(classes)
    each = [
        measure(ValMetrics, logits[:, end - count : end], labels[:, at])
        for at, (end, count) in enumerate(zip(ends, classes, strict=True))
    ]
    assert measure_heads(ValMetrics, logits, labels, classes) == each
    found = measure(ValMetrics, logits, labels, classes)
    for name in ("top1", "top5", "loss", "macro_f1", "balanced_accuracy"):
        assert getattr(found, name) == pytest.approx(np.mean([getattr(m, name) for m in each]))
    assert found.n == n
    scores, wanted = torch.from_numpy(logits), torch.from_numpy(labels)
    for count in (hits, first_ones):
        assert int(count(scores, wanted, classes)) == pytest.approx(found.top1 * n * len(classes))
    assert right_ones(scores, wanted, classes).tolist() == pytest.approx(
        [found.top1 * n * len(classes), found.top5 * n * len(classes)]
    )
    split = TestSplit("test", np.arange(n), tuple(map(str, range(n))), labels, tuple(classes))
    peeking = Peeking(split, torch.device("cpu"))
    for part in scores.split(7):
        peeking.add(part)
    assert peeking.results() == [pytest.approx((found.top1, found.top5, found.loss), abs=1e-6)]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_several_targets_is_the_mean_of_torchs_each_smoothed_over_its_own_classes(
    smoothing: float,
) -> None:
    torch.manual_seed(0)
    scores, classes = torch.randn(20, 9), (4, 2, 3)
    labels = torch.stack([torch.randint(count, (20,)) for count in classes], dim=1)
    wanted = [
        torch.nn.functional.cross_entropy(part, labels[:, at], label_smoothing=smoothing)
        for at, part in enumerate(scores.split(classes, dim=1))
    ]
    (found,) = Loss([smoothing], torch.device("cpu"), classes)(scores[None], labels[None])
    assert float(found) == pytest.approx(float(sum(wanted)) / 3, rel=1e-6)


def test_a_head_whose_scores_are_not_numbers_makes_the_loss_of_the_run_one() -> None:
    logits = np.zeros((3, 5), np.float32)
    logits[:, 3:] = np.nan
    found = measure(ValMetrics, logits, np.zeros((3, 2), np.int64), (3, 2))
    assert found.top1 == 0.5
    assert np.isnan(found.loss)
