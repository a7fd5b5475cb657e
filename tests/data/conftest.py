from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))  # folder_builder


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A home folder of its own for each test, and no data roots of the developer's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("BENCH_HOME", str(folder))
    monkeypatch.delenv("BENCH_DATA", raising=False)
    return folder
