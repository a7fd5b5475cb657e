"""What every entry of the shipped registry must have, so that its error messages and downloads can work."""

from __future__ import annotations

import re

import pytest

from bench.data.readers import READERS
from bench.data.sources.locating import is_bundled, not_found
from bench.registry.loading import Registry

NAMES = ["cifar10", "cifar100", "cub", "digits", "fashion-mnist", "flowers102", "oxford-pets", "tiny-imagenet"]


@pytest.fixture(scope="module")
def datasets():
    return Registry.load().entries["datasets"]


def test_the_promised_datasets_are_there(datasets):
    assert set(NAMES) <= set(datasets)


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_how_it_is_read_and_what_to_expect(datasets, name):
    entry = datasets[name]
    assert entry.reader in READERS
    assert {"train", "test"} <= entry.counts.keys()
    assert entry.homepage.startswith("http")
    assert entry.license
    assert entry.note
    assert not entry.class_names or len(entry.class_names) == entry.num_classes
    assert next(iter(entry.targets.values()), entry.num_classes) == entry.num_classes


@pytest.mark.parametrize("name", NAMES)
def test_every_file_has_an_address_a_checksum_and_a_size_or_comes_with_a_package(datasets, name):
    entry = datasets[name]
    assert bool(entry.files) != is_bundled(entry)
    for file in entry.files:
        assert file.url.startswith("http")
        assert file.url.endswith("/" + file.name)
        assert file.bytes > 0
        for checksum in (file.checksum, *file.also):
            assert re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", checksum)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "digits"])
def test_a_missing_dataset_names_every_file_with_its_address_and_place(datasets, name, tmp_path):
    advice = not_found(datasets[name], tmp_path).todo
    for file in datasets[name].files:
        assert file.url in advice
        assert str(tmp_path / name / file.name) in advice


def test_what_is_made_of_imagenets_images_says_so(datasets):
    assert "imagenet-1k" in datasets["tiny-imagenet"].overlaps
    assert "imagenet-1k" in datasets["cub"].overlaps
