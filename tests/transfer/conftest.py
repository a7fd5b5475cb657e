"""A run of a tiny network on four colours, and a folder of the same colours under other names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from trained_runs import swept

from bench.store.rows import RunRow

RENAMED = {"dusk": "late dusk", "grass": "lawn", "night": "nights", "sand": "beach sand"}
"""The classes of `tiny_folder` -> what the other dataset calls them."""


@pytest.fixture(scope="session")
def other_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The images of `tiny_folder` under other names; its dusk is cut in two, and grey is no class of ours."""
    root = tmp_path_factory.mktemp("other")
    for split in ("train", "test"):
        for ours, theirs in {**RENAMED, "night ": "grey"}.items():
            shutil.copytree(tiny_folder / split / ours.strip(), root / split / theirs)
        (root / split / "early dusk").mkdir()
        for image in sorted((root / split / "late dusk").iterdir())[:2]:
            image.rename(root / split / "early dusk" / image.name)
    return root


@pytest.fixture(scope="session")
def trained(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunRow]:
    """The database and the row of a run that tells the four colours apart."""
    db = tmp_path_factory.mktemp("trained") / "runs.db"
    words = ("-m", "timm/test_efficientnet@none", "--image-size", "32", "--epochs", "12", "--set", "batch_size=8",
             "--set", "lr=1e-2", "-s", "full", "--set", "norm_stats=update")  # fmt: skip
    (row,) = swept(db, tiny_folder, *words)
    return db, row


@pytest.fixture
def copied(trained: tuple[Path, RunRow], tmp_path: Path) -> tuple[Path, RunRow]:
    """A copy of the database with its files, to be changed."""
    db, row = tmp_path / "runs.db", trained[1]
    shutil.copy(trained[0], db)
    shutil.copytree(f"{trained[0]}.files", f"{db}.files")
    return db, row
