"""The real archives of the project's machines, read where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.data.datasets import known_header, open_dataset
from bench.data.sources.archives import unpack
from bench.data.splits import split
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry

TESTS = Path(__file__).parents[2]

pytestmark = pytest.mark.shared_data


@pytest.fixture
def registry():
    return Registry.load([TESTS / "registry"])


def test_cub100_has_2999_training_and_2903_test_images_of_100_species(registry, shared_data, home):
    entry = registry.get(DatasetEntry, "cub100")
    dataset = open_dataset(entry, data_root=shared_data)
    header = known_header(entry, shared_data)
    assert header.counts == {"train": 2999, "test": 2903}
    assert header.classes == {"label": 100, "kind": 48}
    assert dataset.images("train").image(0).size == (227, 227)
    assert {path.name for path in home.iterdir()} == {"manifests"}  # nothing was unpacked


def test_cub100_gives_300_images_to_val_three_or_so_of_each_species(registry, shared_data):
    parts = split(
        open_dataset(registry.get(DatasetEntry, "cub100"), data_root=shared_data).manifest, "label", 0.1, 0
    )
    assert (len(parts.train), len(parts.val), len(parts.test)) == (2699, 300, 2903)
    assert set(np.bincount(parts.val.labels)) <= {2, 3, 4}


def test_cub100_unpacked_is_the_same_dataset(registry, shared_data, tmp_path):
    entry = registry.get(DatasetEntry, "cub100")
    packed = open_dataset(entry, data_root=shared_data).manifest
    folder = unpack([shared_data / "cub100.tar"], tmp_path / "unpacked")
    unpacked = entry.model_copy(update={"locations": ("CUB_200_2011",)})
    assert open_dataset(unpacked, data_root=folder).manifest == packed


def test_cifar10_small_has_10000_training_and_2000_test_images(registry, shared_data):
    entry = registry.get(DatasetEntry, "cifar10-small")
    dataset = open_dataset(entry, data_root=shared_data)
    assert known_header(entry, shared_data).counts == {"train": 10000, "test": 2000}
    for part, count in (("train", 1000), ("test", 200)):
        assert np.bincount(dataset.manifest.splits[part].labels["label"]).tolist() == [count] * 10
    assert dataset.manifest.classes["label"][0] == "airplane"
    assert dataset.images("test").image(1999).size == (32, 32)
