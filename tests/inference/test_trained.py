"""A run's model is brought back as it was, or an error says what is missing."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_line import bench
from safetensors.torch import save_file
from trained_runs import TINY, of, scores, swept

from bench.errors import BackboneError, BenchError, StoreError, WeightsError
from bench.inference.kept_weights import KEPT_BYTES, is_kept
from bench.inference.trained import Trained, load_trained
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow
from bench.store.store import Store

CPU = torch.device("cpu")
NAMES = ("dusk", "grass", "night", "sand")
LITE = ("-m", "tf_efficientnet_lite0", "--image-size", "64", "--epochs", "1", "--set", "batch_size=8")


@pytest.fixture(scope="module")
def lite_db(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that begin with the weights of a pip package."""
    db = tmp_path_factory.mktemp("lite-runs") / "runs.db"
    swept(db, tiny_folder, *LITE, "-s", "linear,last_blocks(1),full", "--keep-checkpoints")
    return db


@pytest.fixture
def copied(trained_db: Path, tmp_path: Path) -> tuple[Path, RunRow]:
    """A copy of the database with its files, to be damaged; and its first linear run."""
    db = tmp_path / "runs.db"
    shutil.copy(trained_db, db)
    shutil.copytree(f"{trained_db}.files", f"{db}.files")
    return db, of(db, "linear")


def brought_back(db: Path, run_id: str, **options: Any) -> Trained:
    with Store.open(db) as store:
        return load_trained(store, run_id, CPU, **options)


def kept_file(db: Path, row: RunRow) -> Path:
    with Store.open(db) as store:
        return Artifacts.beside(store.location).model_path(row.run_id)


def check_scores(db: Path, row: RunRow, data: Path) -> None:
    trained = brought_back(db, row.run_id)
    val, test = scores(trained.model, trained.spec, data)
    with Store.open(db) as store:
        kept = Artifacts.beside(store.location).predictions(row.run_id)
    scale = np.abs(kept.test.logits).max()
    assert np.abs(val - kept.val.logits).max() < 1e-5 * max(1.0, scale)
    assert np.abs(test - kept.test.logits).max() < 1e-5 * max(1.0, scale)
    assert np.ptp(kept.test.logits, axis=0).min() > 1e-4 * scale  # the images are not all the same to it


def test_every_model_of_a_tiny_network_gives_the_scores_that_its_run_kept(
    trained_db: Path, tiny_folder: Path
) -> None:
    with Store.open(trained_db) as store:
        rows = store.rows()
    assert len(rows) == 5
    assert [row.status for row in rows] == ["done"] * 5
    for row in rows:
        check_scores(trained_db, row, tiny_folder)


@pytest.mark.parametrize("strategy", ["linear", "last_blocks(1)", "full"])
def test_a_model_that_began_with_a_packages_weights_gives_the_scores_that_its_run_kept(
    strategy: str, lite_db: Path, tiny_folder: Path
) -> None:
    check_scores(lite_db, of(lite_db, strategy), tiny_folder)


def test_a_model_comes_with_its_class_names_in_evaluation_mode(trained_db: Path) -> None:
    row = of(trained_db, "last_blocks(1)")
    trained = brought_back(trained_db, row.run_id[:10])
    assert trained.row == row
    assert trained.spec.run_id == row.run_id
    assert trained.classes == {"label": NAMES}
    assert not any(module.training for module in trained.model.modules())


def test_statistics_that_moved_in_a_frozen_network_are_kept(trained_db: Path) -> None:
    with Store.open(trained_db) as store:
        runs = [store.run(row.run_id) for row in store.rows()]
        updated = next(run for run in runs if run.spec.recipe.norm_stats == "update")
        trained = load_trained(store, updated.row.run_id, CPU)
        still = load_trained(store, of(trained_db, "linear").run_id, CPU)
    name = next(n for n, _ in trained.model.named_buffers() if n.endswith("running_mean"))
    assert not torch.equal(trained.model.get_buffer(name), still.model.get_buffer(name))


@pytest.mark.parametrize(
    ("asked", "size", "kept"),
    [
        (None, KEPT_BYTES, True),
        (None, KEPT_BYTES + 1, False),
        (True, KEPT_BYTES + 1, True),
        (False, 1, False),
    ],
)
def test_small_weights_are_kept_unless_told_otherwise(*, asked: bool | None, size: int, kept: bool) -> None:
    assert is_kept(asked, size) == kept


def test_weights_that_were_not_kept_are_said_with_the_command_that_keeps_them(
    tiny_folder: Path, tmp_path: Path
) -> None:
    db = tmp_path / "runs.db"
    (row,) = swept(db, tiny_folder, *TINY, "-s", "linear", "--no-keep-checkpoints")
    assert not kept_file(db, row).exists()
    with pytest.raises(StoreError, match="are not kept") as error:
        brought_back(db, row.run_id)
    assert error.value.todo.endswith(f"bench keep {row.run_id[:12]}")


def test_a_damaged_file_is_an_error_that_names_it(copied: tuple[Path, RunRow]) -> None:
    db, row = copied
    path = kept_file(db, row)
    for damage in (path.read_bytes()[:-7], b"", b"no such format", b"\xff" * 64):
        path.write_bytes(damage)
        with pytest.raises(StoreError, match="are damaged") as error:
            brought_back(db, row.run_id)
        assert str(path) in error.value.why
    forget_stamps(db)
    for damage in (b"", b"no such format", b"\xff" * 64):
        path.write_bytes(damage)
        with pytest.raises(StoreError, match="cannot be used") as error:
            brought_back(db, row.run_id)
        assert str(path) in error.value.why


def test_weights_of_another_run_are_refused(copied: tuple[Path, RunRow]) -> None:
    db, row = copied
    shutil.copy(kept_file(db, of(db, "full")), kept_file(db, row))
    with pytest.raises(StoreError, match="are damaged"):
        brought_back(db, row.run_id)
    forget_stamps(db)
    with pytest.raises(StoreError, match="cannot be used") as error:
        brought_back(db, row.run_id)
    assert of(db, "full").run_id[:12] in error.value.why


def test_weights_without_class_names_or_with_other_tensors_are_refused(copied: tuple[Path, RunRow]) -> None:
    db, row = copied
    path = kept_file(db, row)
    forget_stamps(db)  # as of before there were checksums: only then is such a file looked into
    save_file({"head.1.weight": torch.zeros(4, 3)}, path, metadata={"run_id": row.run_id})
    with pytest.raises(StoreError, match="has no 'classes'"):
        brought_back(db, row.run_id)
    for classes in ("[1]", "{", '{"label": 3}'):
        save_file({"x": torch.zeros(1)}, path, metadata={"run_id": row.run_id, "classes": classes})
        with pytest.raises(StoreError, match="cannot be used"):
            brought_back(db, row.run_id)
    good = {"run_id": row.run_id, "classes": '{"label": ["dusk", "grass", "night", "sand"]}'}
    save_file({"head.1.weight": torch.zeros(4, 3)}, path, metadata=good)
    with pytest.raises(StoreError, match="do not fit"):
        brought_back(db, row.run_id)


def forget_stamps(db: Path) -> None:
    """Make a database as it was before there were checksums."""
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("DELETE FROM artifacts")


def test_a_run_that_is_not_done_has_no_model(tiny_folder: Path, tmp_path: Path) -> None:
    db = tmp_path / "runs.db"
    ended = bench("sweep", "-d", f"folder:{tiny_folder}", "--db", db, *TINY, "-s", "linear", "--time-limit", "0s")
    assert ended.code == 130, ended.stderr
    with Store.open(db) as store, pytest.raises(StoreError, match="is planned, not done"):
        load_trained(store, store.rows()[0].run_id, CPU)


def test_frozen_weights_of_another_digest_are_refused(tmp_path: Path, tiny_folder: Path) -> None:
    weights, db = tmp_path / "mine.safetensors", tmp_path / "runs.db"
    model = tiny_network(seed=1)
    save_file(model.state_dict(), weights)
    named = ("-m", f"timm/test_efficientnet@file:{weights}", *TINY[2:])
    row = swept(db, tiny_folder, *named, "-s", "linear")[0]
    check_scores(db, row, tiny_folder)  # the file is found again without being named

    elsewhere = weights.rename(tmp_path / "moved.safetensors")
    with pytest.raises(WeightsError, match="There is no weights file"):
        brought_back(db, row.run_id)
    assert brought_back(db, row.run_id, weights=elsewhere).row == row

    with pytest.raises(WeightsError, match="is not what"):
        brought_back(db, swept(db, tiny_folder, *TINY, "-s", "linear")[-1].run_id, weights=elsewhere)
    save_file(tiny_network(seed=2).state_dict(), weights)
    with pytest.raises(WeightsError, match="not the declared ones"):
        brought_back(db, row.run_id)


def test_a_packages_weights_that_have_changed_since_are_refused(lite_db: Path, tmp_path: Path) -> None:
    db = tmp_path / "runs.db"
    shutil.copy(lite_db, db)
    shutil.copytree(f"{lite_db}.files", f"{db}.files")
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE runs SET weights_digest = ?", ["0" * 64])
    with pytest.raises(WeightsError, match="not those that run") as error:
        brought_back(db, of(db, "linear").run_id)
    assert "0" * 64 in error.value.why
    assert brought_back(db, of(db, "full").run_id).classes == {"label": NAMES}  # nothing of it is left


def test_a_backbone_that_no_library_has_any_more_is_said(copied: tuple[Path, RunRow]) -> None:
    db, row = copied
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE runs SET spec = replace(spec, 'test_efficientnet', 'gone_plugin_net')")
    with pytest.raises(BackboneError, match="timm/gone_plugin_net of run") as error:
        brought_back(db, row.run_id)
    assert "was trained with" in error.value.why


def test_an_unknown_run_lists_the_nearest(trained_db: Path) -> None:
    with pytest.raises(BenchError, match="No run begins with"):
        brought_back(trained_db, "zzz")


def tiny_network(seed: int) -> torch.nn.Module:
    from bench.models.vision import timm

    torch.manual_seed(seed)
    return timm.create_model("test_efficientnet", num_classes=1000)  # type: ignore[no-any-return]
