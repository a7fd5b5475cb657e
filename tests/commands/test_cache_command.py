"""`bench cache` shows and frees what frozen passes have kept."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
from command_line import bench, refused

from bench.train.cache import FeatureCache, Label, Layout
from bench.train.filling import writing


@pytest.fixture
def cache() -> FeatureCache:
    """Two entries in the tests' own home."""
    cache = FeatureCache()
    for key, dataset in (("a" * 64, "digits"), ("b" * 64, "cub")):
        layout = Layout({"train": 1000}, ((128,),))
        with writing(cache, [(Label(key, "timm/resnet18", dataset, "pooled", "a machine"), layout)]) as opened:
            opened[key].write("train", 0, [np.zeros((1000, 128), np.float32)])
            opened[key].finish(3.0, 3.0, "pass")
    return cache


def test_entries_are_listed_with_their_size(cache: FeatureCache) -> None:
    listed = bench("cache", "list")
    assert "aaaaaaaa" in listed.stdout
    assert "2 entries, 0.00 GB" in listed.stdout
    assert {entry["dataset"] for entry in bench("cache", "list", "--json").data} == {"digits", "cub"}
    assert bench("cache", "list", "--json", "--dataset", "cub").data[0]["bytes"] >= 512_000
    assert len(cache.list()) == 2


def test_one_dataset_is_freed_and_the_others_stay(cache: FeatureCache) -> None:
    assert "1 entry freed, 0.5 MB" in bench("cache", "clear", "--dataset", "cub").stdout
    assert [entry.dataset for entry in cache.list()] == ["digits"]


def test_an_entry_is_freed_by_the_beginning_of_its_key(cache: FeatureCache) -> None:
    bench("cache", "clear", "aaaa")
    assert [entry.key[0] for entry in cache.list()] == ["b"]
    bench("cache", "clear", "--all")
    assert cache.list() == []


def test_clearing_nothing_in_particular_is_refused() -> None:
    assert "--all" in refused("cache", "clear")
