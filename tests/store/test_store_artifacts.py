"""The files that belong to a database."""

from __future__ import annotations

import errno
import os
import pickle

import numpy as np
import pytest

from bench.errors import DiskFullError, StoreError
from bench.records.predictions import RunPredictions, TestPredictions, ValPredictions
from bench.store.artifacts import Artifacts
from bench.store.location import locate

RUN = "0123456789abcdef" * 4


def predictions(images: int = 5) -> RunPredictions:
    random = np.random.default_rng(0)

    def made(kind):
        ids = np.array([f"{kind.__name__}/bird ü {number}.jpg" for number in range(images)])
        logits = random.normal(size=(images, 3)).astype(np.float32)
        return kind(ids, random.integers(0, 3, images), logits)

    return RunPredictions("split digest", made(ValPredictions), made(TestPredictions))


@pytest.fixture
def artifacts(tmp_path) -> Artifacts:
    return Artifacts.beside(locate(tmp_path / "runs.db"))


def test_predictions_come_back_bit_for_bit(artifacts):
    saved = predictions()
    artifacts.save_predictions(RUN, saved)
    found = artifacts.predictions(RUN)
    assert found.split_digest == "split digest"
    assert type(found.val) is ValPredictions
    assert type(found.test) is TestPredictions
    for before, after in ((saved.val, found.val), (saved.test, found.test)):
        for name in ("ids", "labels", "logits"):
            assert np.array_equal(getattr(before, name), getattr(after, name)), name
            assert getattr(before, name).dtype == getattr(after, name).dtype, name


def test_the_same_predictions_are_the_same_file(artifacts):
    artifacts.save_predictions(RUN, predictions())
    first = artifacts.predictions_path(RUN).read_bytes()
    artifacts.save_predictions(RUN, predictions())
    assert artifacts.predictions_path(RUN).read_bytes() == first


def test_predictions_that_do_not_fit_each_other_are_refused():
    ids, labels, logits = np.array(["a", "b"]), np.zeros(2, np.int64), np.zeros((2, 3), np.float32)
    for wrong in ((ids[:1], labels, logits), (ids, labels[:1], logits), (ids, labels, logits[:, 0])):
        with pytest.raises(ValueError, match="do not fit"):
            ValPredictions(*wrong)


def joint_predictions(images: int = 6) -> RunPredictions:
    random = np.random.default_rng(1)

    def made(kind):
        ids = np.array([f"{kind.__name__}/{number}.jpg" for number in range(images)])
        labels = np.stack([random.integers(0, 3, images), random.integers(0, 2, images)], axis=1)
        return kind.made(ids, labels, random.normal(size=(images, 5)).astype(np.float32), (3, 2))

    return RunPredictions("both", made(ValPredictions), made(TestPredictions), ("fine", "coarse"))


def test_predictions_of_a_joint_run_come_back_with_every_targets_labels(artifacts):
    saved = joint_predictions()
    artifacts.save_predictions(RUN, saved)
    found = artifacts.predictions(RUN)
    assert found.targets == ("fine", "coarse")
    for before, after in ((saved.val, found.val), (saved.test, found.test)):
        assert after.classes == (3, 2)
        for name in ("ids", "labels", "logits", "others"):
            assert np.array_equal(getattr(before, name), getattr(after, name)), name


def test_one_head_of_a_joint_run_is_as_a_run_of_its_target(artifacts):
    both = joint_predictions()
    head = both.of("coarse")
    assert (type(head.val), type(head.test)) == (ValPredictions, TestPredictions)
    assert np.array_equal(head.test.logits, both.test.logits[:, 3:])
    assert np.array_equal(head.test.labels, both.test.others[:, 0])
    assert (head.targets, head.test.classes, head.test.others) == ((), (), None)
    assert np.array_equal(both.of("fine").val.labels, both.val.labels)
    assert len({both.split_digest, head.split_digest, both.of("fine").split_digest}) == 3
    artifacts.save_predictions(RUN, head)  # as a run of its own
    assert artifacts.predictions(RUN).of("whatever it is called").split_digest == head.split_digest


def test_a_target_that_a_joint_run_does_not_have_is_an_error():
    with pytest.raises(StoreError, match="Did you mean coarse"):
        joint_predictions().of("corse")


def test_labels_and_classes_of_several_targets_that_do_not_fit_are_refused():
    ids, labels, logits = np.array(["a", "b"]), np.zeros(2, np.int64), np.zeros((2, 5), np.float32)
    others = np.zeros((2, 1), np.int64)
    for classes, wrong in (((3, 3), others), ((3, 2), others[:1]), ((3, 2), None), ((), others)):
        with pytest.raises(ValueError, match="do not fit"):
            ValPredictions(ids, labels, logits, classes, wrong)


def test_files_lie_beside_the_sqlite_file_whatever_it_is_called_through(tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "runs.db")
    for name in (tmp_path / "runs.db", f"sqlite:///{tmp_path}/runs.db", tmp_path / "link.db"):
        assert Artifacts.beside(locate(name)).folder == tmp_path / "runs.db.files"


def test_databases_side_by_side_never_share_files_nor_lie_in_their_way(tmp_path):
    names = ["x.files", "r.v1", "r.v2", "r", "r.db"]
    folders = {Artifacts.beside(locate(tmp_path / name)).folder for name in names}
    assert len(folders) == len(names)
    assert not folders & {tmp_path / name for name in names}


def test_files_of_a_server_lie_below_bench_home_and_do_not_depend_on_the_password(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    urls = ("postgresql://me:one@host/runs", "postgres://me:two@host/runs", "postgresql://me@host/runs?password=x")
    folders = {Artifacts.beside(locate(url)).folder for url in urls}
    assert len(folders) == 1
    assert {folder.parent for folder in folders} == {tmp_path / "artifacts"}
    assert Artifacts.beside(locate("postgresql://me:one@host/other")).folder not in folders


def test_a_failed_write_leaves_the_old_file_and_nothing_else(artifacts, monkeypatch):
    artifacts.save_predictions(RUN, predictions())
    monkeypatch.setattr(os, "fsync", _no_room)
    with pytest.raises(DiskFullError):
        artifacts.save_predictions(RUN, predictions(images=9))
    assert len(artifacts.predictions(RUN).val.ids) == 5
    assert [path.name for path in artifacts.predictions_path(RUN).parent.iterdir()] == [f"{RUN}.npz"]


def _no_room(_file):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_missing_predictions_are_an_error_that_says_where_they_should_be(artifacts):
    with pytest.raises(StoreError, match="are missing") as error:
        artifacts.predictions(RUN)
    assert str(artifacts.predictions_path(RUN)) in error.value.why


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "pickle", "other arrays"])
def test_damaged_predictions_are_an_error_and_are_never_unpickled(artifacts, damage):
    artifacts.save_predictions(RUN, predictions())
    path = artifacts.predictions_path(RUN)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif damage == "other arrays":
        np.savez(path, logits=np.zeros(3))
    else:
        path.write_bytes({"text": b"PK no", "empty": b"", "pickle": pickle.dumps([1])}[damage])
    with pytest.raises(StoreError, match="cannot be read"):
        artifacts.predictions(RUN)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", RUN[:-1], RUN.upper(), f"{RUN}\n"])
def test_what_is_no_run_id_is_no_path(artifacts, name):
    for path in (artifacts.predictions_path, artifacts.checkpoint_path, artifacts.model_path):
        with pytest.raises(ValueError, match="no run id"):
            path(name)


def test_a_checkpoint_is_discarded_once_it_is_there(artifacts):
    path = artifacts.checkpoint_path(RUN)
    artifacts.discard_checkpoint(RUN)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    artifacts.discard_checkpoint(RUN)
    assert not path.exists()
