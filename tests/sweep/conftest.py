"""Real `bench sweep` processes on a tiny dataset, and what they leave in the database."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from command_processes import killed_at_random, timeless_rows

from bench.__main__ import main


@dataclass
class Sweeps:
    """Starts sweeps that share a database in `folder`."""

    folder: Path
    data: Path
    options: list[str] = field(default_factory=list)

    @property
    def db(self) -> Path:
        return self.folder / "runs.db"

    def command(self, *options: str) -> list[str]:
        base = [sys.executable, "-m", "bench", "sweep", "--dataset", f"folder:{self.data}", "--db", str(self.db)]
        return [*base, *(options or self.options)]

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
        )

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*options), capture_output=True, text=True, check=False, timeout=300)

    def killed_at_random(self, times: int, seed: int, within: tuple[float, float] = (0.0, 1.5)) -> int:
        """Start it `times` times, each killed while it works; returns how often it was not through before."""
        return killed_at_random(self.start, lambda _forecast: True, times, seed, within)

    def call(self, *options: str) -> tuple[int, str]:
        """Sweep in this process; returns the exit code and what was said on stderr."""
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(io.StringIO()) as said:
            patch.setattr(sys, "argv", ["bench", *self.command(*options)[3:]])
            try:
                main()
            except SystemExit as ended:
                return int(ended.code or 0), said.getvalue()
        raise AssertionError("main() always exits")

    def rows(self) -> dict[str, dict[str, Any]]:
        """Every run by its id, without what the clock decides."""
        return timeless_rows(self.db)

    def epochs(self) -> dict[str, list[tuple[Any, ...]]]:
        """What each epoch of each run measured."""
        from bench.store.store import Store

        with Store.open(self.db, create=False) as store:
            return {
                row.run_id: [(e.epoch, e.steps, e.lr, e.train_loss, e.val) for e in store.epochs(row.run_id)]
                for row in store.rows()
            }


@pytest.fixture
def sweeps(tmp_path: Path, tiny_folder: Path) -> Callable[..., Sweeps]:
    """Make a folder with its own database."""

    def make(name: str, *options: str) -> Sweeps:
        folder = tmp_path / name
        folder.mkdir()
        return Sweeps(folder, tiny_folder, list(options))

    return make
