"""The shipped studies, and a place to plan them for that needs no file."""

from __future__ import annotations

import tomllib

import pytest

from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.registry.studies import StudyEntry
from bench.studies.planning import Place


@pytest.fixture(scope="session")
def registry():
    return Registry.load()


@pytest.fixture(scope="session")
def studies(registry):
    return {study.name: study for study in registry.all(StudyEntry)}


@pytest.fixture(scope="session")
def published(shared_data):
    """The project's own record of the published figures, where this machine has it."""
    path = shared_data.parent / "published.toml"
    if not path.is_file():
        pytest.skip(f"the record of published figures is not here: there is no {path}")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def place(registry):
    """Where a study runs, by its own dataset's name and that of the one taken."""

    def placed(own: str, taken: str | None = None, header=None) -> Place:
        return Place(registry.get(DatasetEntry, own), registry.get(DatasetEntry, taken or own), header)

    return placed
