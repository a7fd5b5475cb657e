"""Evaluations on other datasets are kept once, and come back as they were. On SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from example_runs import PROVENANCE, plans, sweep

from bench.records.transfers import Transfer
from bench.store.artifacts import Artifacts
from bench.store.foreign_scores import ForeignScores, load_scores, save_scores, scores_path

CLASSES = {"fine": ("a", "b"), "coarse": ("c",)}


def transfer(run_id: str, transfer_id: str = "1" * 64, **changes) -> Transfer:
    made = Transfer(
        transfer_id, run_id, "tiny-imagenet", "f" * 64, "test", 550, {"name": "m", "pairs": [["ä", 1]]},
        {"heads": [], "contradictions": []}, "CPU, 2 threads + GPU", PROVENANCE,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def run_ids(store):
    runs, ids = plans(2)
    store.plan(sweep(ids), runs)
    return ids


def test_an_evaluation_comes_back_as_it_was_made(store, run_ids):
    added = store.transfers.add(transfer(run_ids[0]))
    assert added.created_at > 0
    assert replace(added, created_at=0.0) == transfer(run_ids[0])
    assert store.transfers.find("1" * 64) == added
    assert store.transfers.find("2" * 64) is None


def test_one_that_is_there_stays_as_it_is(store, run_ids):
    first = store.transfers.add(transfer(run_ids[0]))
    assert store.transfers.add(transfer(run_ids[0], images=3)) == first


def test_a_run_s_evaluations_are_listed_oldest_first(store, run_ids):
    for digit in "31":
        store.transfers.add(transfer(run_ids[0], digit * 64))
    store.transfers.add(transfer(run_ids[1], "2" * 64))
    assert [found.transfer_id[0] for found in store.transfers.of_run(run_ids[0])] == ["3", "1"]


def test_a_password_in_the_command_is_not_kept(store, run_ids):
    command = "bench transfer 3f --db postgresql://me:secret@host/runs"
    made = store.transfers.add(transfer(run_ids[0], provenance=replace(PROVENANCE, command=command)))
    assert "secret" not in made.provenance.command


def scores(rows, value=1.0, hardware="CPU") -> ForeignScores:
    return ForeignScores(np.array(rows), np.full((len(rows), 3), value, np.float32), CLASSES, hardware)


def test_scores_come_back_and_say_what_is_missing(tmp_path):
    path = tmp_path / "transfers" / "x.npz"
    save_scores(path, scores([2, 5, 9]))
    found = load_scores(path)
    assert found is not None
    assert (found.classes, found.hardware) == (CLASSES, "CPU")
    assert found.missing(np.array([1, 5, 10])).tolist() == [1, 10]
    assert found.of(np.array([9, 2])).shape == (2, 3)


def test_scores_of_more_images_are_put_in_their_order():
    both = scores([2, 9], 1.0).joined(scores([0, 5], 2.0, "GPU"))
    assert both.rows.tolist() == [0, 2, 5, 9]
    assert both.logits[:, 0].tolist() == [2, 1, 2, 1]
    assert both.hardware == "CPU + GPU"
    assert both.joined(scores([11], 3.0, "GPU")).hardware == "CPU + GPU"


def test_a_damaged_file_is_as_none(tmp_path):
    path = tmp_path / "x.npz"
    assert load_scores(path) is None
    path.write_bytes(b"PK\x03\x04 not a zip")
    assert load_scores(path) is None
    np.savez(
        path, rows=np.array([1, 2]), logits=np.zeros((1, 3)), about=np.array('{"classes": {}, "hardware": ""}')
    )
    assert load_scores(path) is None
    np.savez(path, rows=np.array([1]), logits=np.zeros((1, 3)), about=np.array("no json"))
    assert load_scores(path) is None


def test_each_run_dataset_and_split_has_a_file_of_its_own(tmp_path):
    files = Artifacts(tmp_path)
    asked = [(run, data, split) for run in "ab" for data in "xy" for split in ("train", "test")]
    assert len({scores_path(files, *one) for one in asked}) == len(asked)
