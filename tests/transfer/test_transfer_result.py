"""What is measured of runs with several heads, and what is said where a head is left out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.transfer.label_check import check_map
from bench.transfer.label_map import WrittenMap
from bench.transfer.result import map_record, measured

CLASSES = {"fine": ("ant", "bee", "cat"), "coarse": ("insect", "mammal")}
GROUPS = {("fine", "coarse"): {0: 0, 1: 0, 2: 1}}
THEIRS = ("ants", "cats", "cars")


def joint(fine, coarse):
    return np.hstack([np.eye(3, dtype=np.float32)[fine], np.eye(2, dtype=np.float32)[coarse]]) * 9


@pytest.fixture
def checked():
    return check_map(WrittenMap(map={"ant": "bee", "cat": "cat"}), THEIRS, CLASSES, "other")


def test_each_head_is_measured_in_each_reading(checked):
    logits = joint([0, 0, 2, 1], [0, 1, 1, 1])
    found = measured(logits, np.array([0, 0, 1, 1]), CLASSES, checked, GROUPS)
    tops = {(h["target"], r["name"]): r["all"]["top1"] for h in found["heads"] for r in h["readings"]}
    assert tops == {
        ("fine", "as written"): 0.25,  # ants were said to be ants, not bees
        ("fine", "by name"): 0.75,
        ("coarse", "as written"): 0.75,
        ("coarse", "by name"): 0.75,
    }
    assert found["notes"] == []


def test_heads_that_contradict_each_other_are_counted(checked):
    found = measured(joint([0, 0, 2, 1], [0, 1, 1, 1]), np.array([0, 0, 1, 1]), CLASSES, checked, GROUPS)
    assert found["contradictions"] == [{"target": "fine", "group_target": "coarse", "share": 0.5, "n": 4}]


def test_a_head_that_the_map_does_not_lead_to_is_left_out_and_said(checked):
    found = measured(joint([0], [0]), np.array([0]), CLASSES, checked, {})
    assert [head["target"] for head in found["heads"]] == ["fine"]
    assert found["contradictions"] == []
    assert "The head coarse is left out" in found["notes"][0]


def test_where_everything_is_mapped_there_is_no_second_figure(checked):
    found = measured(joint([0, 2], [0, 1]), np.array([0, 1]), CLASSES, checked, GROUPS)
    fine, coarse = found["heads"]
    assert fine["readings"][0]["mapped"]["n"] == 2
    assert coarse["readings"][0]["mapped"] is None


def test_what_is_measured_is_plain_data(checked):
    found = measured(joint([0, 2], [0, 1]), np.array([0, 1]), CLASSES, checked, GROUPS)
    written = WrittenMap(map={"ant": "bee", "cat": "cat"})
    json.dumps([found, map_record(checked, written, "mine")], allow_nan=False)


def test_logits_that_are_not_finite_can_be_stored(checked):
    logits = joint([0, 2], [0, 1])
    logits[:] = np.nan
    json.dumps(measured(logits, np.array([0, 1]), CLASSES, checked, GROUPS), allow_nan=False)
