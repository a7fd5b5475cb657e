"""Where scores of several targets lie, which target groups which, and how often two contradict each other."""

from __future__ import annotations

import numpy as np
import pytest

from bench.records.targets import coarser, contradicted, group_of_each, spans

FINE = np.array([0, 1, 2, 3, 0, 1, 2, 3])
PAIRS = np.array([0, 0, 1, 1, 0, 0, 1, 1])
CROSSED = np.array([0, 1, 0, 1, 1, 0, 0, 1])


def test_the_scores_of_the_targets_lie_one_after_the_other():
    assert spans((3, 2, 4)) == [slice(0, 3), slice(3, 5), slice(5, 9)]
    assert spans(()) == []


def test_a_target_groups_another_where_every_class_is_in_one_group():
    assert group_of_each(FINE, PAIRS, 4).tolist() == [0, 0, 1, 1]
    assert group_of_each(FINE, CROSSED, 4) is None
    assert group_of_each(FINE[:3], PAIRS[:3], 4) is None  # nothing says where the fourth class belongs


def test_every_pair_of_a_finer_and_a_coarser_target_is_found_once():
    labels = np.stack([PAIRS, FINE, CROSSED, 1 - PAIRS], axis=1)
    found = coarser(labels, (2, 4, 2, 2))
    assert {pair: groups.tolist() for pair, groups in found.items()} == {
        (1, 0): [0, 0, 1, 1],
        (1, 3): [1, 1, 0, 0],
        (0, 3): [1, 0],  # the same groups under other names: said once
    }


def test_heads_contradict_each_other_where_the_class_is_not_in_the_group():
    logits = np.zeros((4, 6), np.float32)
    for image, (label, group) in enumerate([(0, 0), (1, 1), (2, 0), (3, 1)]):
        logits[image, label] = logits[image, 4 + group] = 1
    found = contradicted(logits, (4, 2), coarser(np.stack([FINE, PAIRS], axis=1), (4, 2)))
    assert found == {(0, 1): pytest.approx(0.5)}


def test_targets_that_do_not_group_each_other_contradict_nothing():
    groups = coarser(np.stack([PAIRS, CROSSED], axis=1), (2, 2))
    assert contradicted(np.zeros((4, 4), np.float32), (2, 2), groups) == {}
