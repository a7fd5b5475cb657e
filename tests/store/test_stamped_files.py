"""A byte that changed in a run's files is found when they are read; files of before get their checksum then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from plausible_runs import MODELS, make_planned
from stored_logits import predictions, record_run

from bench.errors import StoreError
from bench.records.predictions import RunPredictions
from bench.spec import digest, samples_digest
from bench.store.artifacts import Artifacts
from bench.store.schema_derived import RunArtifact
from bench.store.store import Store


def with_its_digest(made: RunPredictions) -> RunPredictions:
    parts = [samples_digest(p.ids.tolist(), p.labels) for p in (made.val, made.test)]
    return replace(made, split_digest=digest(parts))


@pytest.fixture
def run_id(store: Store) -> str:
    return record_run(store, make_planned(MODELS[0], "linear"), with_its_digest(predictions(1.0, 3)))


def forget_stamps(store: Store) -> None:
    """Make a database as it was before there were checksums."""
    with store.sessions.writing() as session:
        session.execute(sa.delete(RunArtifact))


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 16
    path.write_bytes(content)


@pytest.mark.parametrize("at", [0, 11, 30, 200, 1000, -22, -1])
def test_a_byte_flipped_anywhere_in_predictions_is_named(store: Store, run_id: str, at: int) -> None:
    files = Artifacts.of(store)
    assert files.predictions(run_id).val.logits.shape[0] > 0
    flip(files.predictions_path(run_id), at)
    with pytest.raises(StoreError, match=f"predictions of run {run_id[:12]} are damaged") as error:
        files.predictions(run_id)
    assert "copy" in error.value.todo


def test_predictions_of_before_are_held_against_what_was_measured_and_stamped(store: Store, run_id: str) -> None:
    forget_stamps(store)
    files = Artifacts.of(store)
    files.predictions(run_id)
    assert files.stamps is not None
    stamp = files.stamps.find(run_id, "predictions")
    assert stamp is not None
    assert stamp.bytes == files.predictions_path(run_id).stat().st_size
    flip(files.predictions_path(run_id), 11)  # a time in the zip's header, which its own checksums leave out
    with pytest.raises(StoreError, match="are damaged"):
        files.predictions(run_id)


def test_predictions_of_before_that_give_other_results_are_named_and_not_stamped(
    store: Store, run_id: str
) -> None:
    forget_stamps(store)
    files = Artifacts.of(store)
    made = files.predictions(run_id)
    forget_stamps(store)
    logits = np.roll(made.test.logits, 1, axis=1)
    files.save_predictions(run_id, replace(made, test=replace(made.test, logits=logits)))
    with pytest.raises(StoreError, match="do not give what the run measured"):
        files.predictions(run_id)
    assert files.stamps is not None
    assert files.stamps.find(run_id, "predictions") is None


def test_predictions_of_before_with_another_order_of_images_are_named(store: Store, run_id: str) -> None:
    files = Artifacts.of(store)
    made = files.predictions(run_id)
    forget_stamps(store)
    files.save_predictions(run_id, replace(made, val=replace(made.val, ids=made.val.ids[::-1].copy())))
    with pytest.raises(StoreError, match="do not give what the run measured"):
        files.predictions(run_id)


def test_a_database_that_may_only_be_read_takes_no_stamp_and_is_read(store: Store, run_id: str) -> None:
    forget_stamps(store)
    if store.location.path is None:
        pytest.skip("a SQLite file is made read-only")
    store.location.path.chmod(0o444)
    with Store.open(store.location.path) as looked_at:
        assert Artifacts.of(looked_at).predictions(run_id).test.logits.shape[0] > 0


def test_weights_that_were_stamped_are_checked(store: Store, run_id: str) -> None:
    files = Artifacts.of(store)
    path = files.model_path(run_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"some weights" * 100)
    assert not files.check_weights(run_id)
    files.adopt_weights(run_id)
    assert files.check_weights(run_id)
    flip(path, 700)
    path.rename(path.with_suffix(".moved"))
    path.write_bytes(path.with_suffix(".moved").read_bytes())  # another file, as another command finds it
    with pytest.raises(StoreError, match=f"weights of run {run_id[:12]} are damaged") as error:
        files.check_weights(run_id)
    assert f"bench keep {run_id[:12]}" in error.value.todo


def test_a_file_that_is_written_again_is_stamped_again(store: Store, run_id: str) -> None:
    files = Artifacts.of(store)
    assert files.stamps is not None
    made = with_its_digest(predictions(2.0, 5))
    files.stamps.put(files.save_predictions(run_id, made))
    assert np.array_equal(files.predictions(run_id).val.logits, made.val.logits)
