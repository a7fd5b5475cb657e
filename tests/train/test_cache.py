"""Kept features are whole or not there, and a full disk is no end."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.records import FeaturePass
from bench.train.cache import FeatureCache, Shape

LABEL = FeaturePass("k" * 64, "timm/x", "tiny", 0, 0, 0.0, "a machine")
SHAPE = Shape({"train": 5, "test": 3}, 4)


def batches(split: str) -> Iterator[np.ndarray]:
    count = SHAPE.images[split]
    rows = np.arange(count * 4, dtype=np.float32).reshape(count, 4) + (100 if split == "test" else 0)
    yield rows[:2]
    yield rows[2:]


def test_what_was_computed_is_read_back(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    made = cache.fill("key", SHAPE, batches, LABEL)
    kept = cache.read("key")
    assert made.fresh
    assert kept is not None
    assert not kept.fresh
    assert np.array_equal(kept.arrays["test"], np.arange(12, dtype=np.float32).reshape(3, 4) + 100)
    assert kept.made.images == 8
    assert kept.made.bytes == 8 * 4 * 4
    assert kept.made.seconds == made.made.seconds > 0


def test_a_pass_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    def broken(split: str) -> Iterator[np.ndarray]:
        yield from batches(split) if split == "train" else ()
        if split == "test":
            raise RuntimeError("killed here")

    cache = FeatureCache(tmp_path)
    with pytest.raises(RuntimeError):
        cache.fill("key", SHAPE, broken, LABEL)
    assert cache.read("key") is None
    assert list(tmp_path.iterdir()) == []


def test_damaged_features_are_made_again(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.fill("key", SHAPE, batches, LABEL)
    (tmp_path / "key" / "train.npy").write_bytes(b"\x93NUMPY")
    assert cache.read("key") is None


def test_a_meta_file_of_another_version_is_no_hit(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.fill("key", SHAPE, batches, LABEL)
    (tmp_path / "key" / "meta.json").write_text(json.dumps({"splits": ["train"]}))
    assert cache.read("key") is None


def test_a_full_disk_keeps_features_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    cache = FeatureCache(tmp_path)
    made = cache.fill("key", SHAPE, batches, LABEL)
    assert np.array_equal(made.arrays["train"], np.arange(20, dtype=np.float32).reshape(5, 4))
    assert cache.read("key") is None
