"""`bench evaluate` finds a saved model to be what its row says, or not."""

from __future__ import annotations

import shutil

import pytest
from command_line import bench, refused
from safetensors import safe_open
from safetensors.torch import save_file
from trained_runs import of

from bench.store.artifacts import Artifacts
from bench.store.store import Store


@pytest.fixture
def copied(trained_db, tmp_path):
    """A copy of a database with its files."""
    db = tmp_path / "runs.db"
    shutil.copy(trained_db, db)
    shutil.copytree(f"{trained_db}.files", f"{db}.files")
    return db


def model_file(db, run_id):
    with Store.open(db) as store:
        return Artifacts.beside(store.location).model_path(run_id)


def damage(path, factor):
    """Multiply the head's weight, and leave everything else as it is."""
    with safe_open(path, framework="pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    name = next(name for name in tensors if name.startswith("head") and tensors[name].ndim == 2)
    save_file({**tensors, name: tensors[name] * factor}, path, metadata=metadata)


def test_every_saved_model_is_the_one_of_its_row(trained_db, tiny_folder):
    with Store.open(trained_db) as store:
        ids = [row.run_id for row in store.rows()]
    for run_id in ids:
        ended = bench("evaluate", run_id, "--db", trained_db, "-d", f"folder:{tiny_folder}", "--json")
        assert (ended.code, ended.data["equal"]) == (0, True), ended.stderr
        assert set(ended.data["metrics"]) == {"top1", "top5", "macro_f1", "loss", "scores"}
        assert ended.data["metrics"]["scores"]["again"] < 1e-4


@pytest.mark.parametrize("factor", [1.2, -1.0, 0.0, float("nan")])
def test_a_model_that_was_changed_is_not_the_one_of_its_row(copied, tiny_folder, factor):
    row = of(copied, "full")
    file = model_file(copied, row.run_id)
    damage(file, factor)
    named = bench("evaluate", row.run_id, "--db", copied, "-d", f"folder:{tiny_folder}")
    assert named.code == 2  # its bytes are not those that the run wrote
    assert str(file) in named.stderr
    ended = bench("evaluate", file, "--db", copied, "-d", f"folder:{tiny_folder}")
    assert ended.code == 1
    assert "is not the one that the row describes" in ended.stdout
    assert "differs" in ended.stdout


def test_a_file_is_tested_wherever_it_lies_and_not_the_one_beside_the_database(copied, tiny_folder, tmp_path):
    row = of(copied, "full")
    elsewhere = tmp_path / "model.safetensors"
    shutil.copy(model_file(copied, row.run_id), elsewhere)
    words = ("--db", copied, "-d", f"folder:{tiny_folder}")
    assert bench("evaluate", elsewhere, *words).code == 0
    damage(elsewhere, 2.0)
    assert bench("evaluate", elsewhere, *words).code == 1
    assert bench("evaluate", row.run_id, *words).code == 0


def test_without_kept_scores_the_metrics_alone_are_compared(copied, tiny_folder):
    row = of(copied, "full")
    with Store.open(copied) as store:
        Artifacts.beside(store.location).predictions_path(row.run_id).unlink()
    ended = bench("evaluate", row.run_id, "--db", copied, "-d", f"folder:{tiny_folder}", "--json")
    assert (ended.code, "scores" in ended.data["metrics"]) == (0, False)
    assert "Only metrics are compared" in ended.stderr


def test_what_is_no_run_and_no_file_of_one_is_refused(trained_db, tmp_path):
    no_weights = tmp_path / "notes.txt"
    no_weights.write_text("nothing")
    assert "holds no weights that bench kept" in refused("evaluate", no_weights, "--db", trained_db)
    assert "There is no file" in refused("evaluate", tmp_path / "gone.safetensors", "--db", trained_db)
    assert "No run begins with" in refused("evaluate", "zz", "--db", trained_db)


def test_a_file_of_a_run_of_another_database_says_so(trained_db, tmp_path):
    path = model_file(trained_db, of(trained_db, "full").run_id)
    Store.open(tmp_path / "empty.db").close()
    assert "which this database does not have" in refused("evaluate", path, "--db", tmp_path / "empty.db")
