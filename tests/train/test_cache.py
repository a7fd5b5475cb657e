"""Kept activations are whole or not there, and are freed by when they were last used."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from bench.train.cache import Entry, FeatureCache, Label, Layout
from bench.train.filling import writing

LAYOUT = Layout({"train": 5, "test": 3}, ((4,), (2, 3)))


def label(key: str) -> Label:
    return Label(key, "timm/x", "tiny", "blocks.5", "a machine")


def fill(cache: FeatureCache, key: str, value: float = 1.0, layout: Layout = LAYOUT) -> Entry:
    with writing(cache, [(label(key), layout)]) as opened:
        for part, images in layout.images.items():
            tensors = [np.full((images, *shape), value, np.float32) for shape in layout.shapes]
            opened[key].write(part, 0, [t[:2] for t in tensors])
            opened[key].write(part, 2, [t[2:] for t in tensors])
        return opened[key].finish(2.0, 1.5, "p")


def test_what_was_computed_is_read_back(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    made = fill(cache, "key", 7.0)
    kept = cache.read("key")
    assert kept is not None
    assert made.fresh
    assert not kept.fresh
    assert [array.shape for array in kept.arrays["test"]] == [(3, 4), (3, 2, 3)]
    assert all((array == 7).all() for arrays in kept.arrays.values() for array in arrays)
    assert (kept.made.images, kept.made.bytes) == (8, 8 * (4 + 6) * 4)
    assert (kept.made.seconds, kept.alone_s, kept.made.pass_key) == (2.0, 1.5, "p")


def test_half_precision_takes_half_the_room(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    fill(cache, "half", layout=Layout(LAYOUT.images, LAYOUT.shapes, "fp16"))
    kept = cache.read("half")
    assert kept is not None
    assert kept.arrays["train"][0].dtype == np.float16
    assert cache.list()[0].bytes < 8 * 10 * 2 + 4 * 200


def test_a_pass_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)

    def broken() -> None:
        with writing(cache, [(label("a"), LAYOUT), (label("b"), LAYOUT)]) as opened:
            opened["a"].finish(1.0, 1.0, "p")
            raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        broken()
    assert cache.read("a") is None
    assert list(tmp_path.iterdir()) == []


def test_an_entry_that_was_not_sealed_does_not_appear(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    with writing(cache, [(label("a"), LAYOUT), (label("b"), LAYOUT)]) as opened:
        opened["a"].finish(1.0, 1.0, "p")
    assert cache.read("a") is not None
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_damaged_entry_is_no_hit(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    fill(cache, "key")
    (tmp_path / "key" / "train.0.npy").write_bytes(b"\x93NUMPY")
    assert cache.read("key") is None
    assert cache.list()[0].key == "key"


def test_an_entry_of_another_version_is_no_hit(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    fill(cache, "key")
    (tmp_path / "key" / "meta.json").write_text(json.dumps({"splits": ["train"]}))
    assert cache.read("key") is None


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    for age, key in enumerate(("new", "middle", "old")):
        fill(cache, key)
        then = time.time() - 100 * age
        os.utime(tmp_path / key / "meta.json", (then, then))
    size = cache.list()[0].bytes
    cache.make_room(size, 3 * size)
    assert [entry.key for entry in cache.list()] == ["new", "middle"]
    cache.make_room(size, size, frozenset(["middle"]))
    assert [entry.key for entry in cache.list()] == ["middle"]


def test_reading_counts_as_using(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    for key in ("first", "second"):
        fill(cache, key)
        os.utime(tmp_path / key / "meta.json", (1e9, 1e9))
    cache.read("first")
    assert cache.list()[0].key == "first"


def test_what_a_killed_process_left_is_freed_after_a_day(tmp_path: Path) -> None:
    for name, age in ((".young.x.tmp", 10.0), (".old.x.tmp", 48 * 3600.0)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "train.0.npy").write_bytes(b"x")
        then = time.time() - age
        os.utime(folder / "train.0.npy", (then, then))
        os.utime(folder, (then, then))
    FeatureCache(tmp_path).clear_leftovers()
    assert [path.name for path in tmp_path.iterdir()] == [".young.x.tmp"]
