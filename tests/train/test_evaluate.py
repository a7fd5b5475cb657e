"""Metrics agree with scikit-learn and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, top_k_accuracy_score

from bench.records import TestMetrics, ValMetrics
from bench.train.evaluate import measure, value_of


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
    wanted = torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels))
    assert found.loss == pytest.approx(float(wanted), rel=1e-5)
    assert found.n == n


def test_top5_of_three_classes_is_one() -> None:
    assert measure(ValMetrics, np.eye(3, dtype=np.float32), np.array([1, 2, 0])).top5 == 1.0


def test_equal_scores_are_right_only_for_the_first_class() -> None:
    found = measure(ValMetrics, np.zeros((3, 3), np.float32), np.array([0, 1, 2]))
    assert found.top1 == pytest.approx(1 / 3)


def test_scores_that_are_not_numbers_are_never_right() -> None:
    found = measure(ValMetrics, np.full((4, 3), np.nan, np.float32), np.array([0, 1, 2, 0]))
    assert found.top1 == 0.0
    assert np.isnan(found.loss)


def test_a_smaller_loss_is_a_larger_value() -> None:
    worse, better = (ValMetrics(0.5, 1.0, loss, 0.5, 4) for loss in (2.0, 1.0))
    assert value_of(better, "val_loss") > value_of(worse, "val_loss")
    assert value_of(better, "val_top1") == 0.5
