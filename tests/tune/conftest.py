"""`bench tune` on a tiny dataset, in this process and in others, and what it leaves in the database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from command_line import Ended, bench
from command_processes import killed_at_random, timeless_rows

TINY = (
    "--backbones",
    "timm/test_efficientnet@none",
    "--strategies",
    "linear",
    "--image-size",
    "32",
    "--epochs",
    "3",
    "--set",
    "batch_size=8",
)


@dataclass
class Tunings:
    """Searches that share a database in `folder`."""

    folder: Path
    data: Path
    options: list[str] = field(default_factory=list)

    @property
    def db(self) -> Path:
        return self.folder / "runs.db"

    def words(self, *more: str) -> list[str]:
        return ["tune", "--dataset", f"folder:{self.data}", "--db", str(self.db), *self.options, *more]

    def call(self, *more: str) -> Ended:
        """Search in this process."""
        return bench(*self.words(*more))

    def start(self, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "bench", *self.words(*more)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=dict(os.environ))

    def killed(self, times: int, seed: int, within: tuple[float, float]) -> int:
        """Start it `times` times, each killed while it works; returns how often it was not through before."""
        return killed_at_random(self.start, lambda line: "validation alone decides" in line, times, seed, within)

    def study(self) -> dict[str, Any]:
        """The only study of the database, as `bench tune --list --json` has it."""
        (study,) = bench("tune", "--list", "--json", "--db", self.db).data
        return dict(study)

    def trials(self) -> list[dict[str, Any]]:
        return list(self.study()["trials"])

    def rows(self) -> dict[str, dict[str, Any]]:
        """Every run by its id, without what the clock decides."""
        return timeless_rows(self.db)


@pytest.fixture
def tunings(tmp_path: Path, tiny_folder: Path) -> Callable[..., Tunings]:
    """Make a folder with its own database."""

    def make(name: str, *options: str) -> Tunings:
        folder = tmp_path / name
        folder.mkdir()
        return Tunings(folder, tiny_folder, [*TINY, *options])

    return make
