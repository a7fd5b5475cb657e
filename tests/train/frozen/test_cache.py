"""Kept activations are whole or not there, and are freed by when they were last used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.train.frozen.cache import Entry, FeatureCache, Label, Layout
from bench.train.frozen.filling import Writing, writing

LAYOUT = Layout({"train": 5, "test": 3}, ((4,), (2, 3)))


def label(key: str) -> Label:
    return Label(key, "timm/x", "tiny", "blocks.5", "a machine")


def fill(cache: FeatureCache, key: str, value: float = 1.0, layout: Layout = LAYOUT) -> Entry:
    with writing(cache, [(label(key), layout)]) as opened:
        return filled(opened[key], value)


def filled(entry: Writing, value: float = 1.0) -> Entry:
    for part, images in entry.layout.images.items():
        tensors = [np.full((images, *shape), value, np.float32) for shape in entry.layout.shapes]
        entry.write(part, 0, [t[:2] for t in tensors])
        entry.write(part, 2, [t[2:] for t in tensors])
    return entry.finish(2.0, 1.5, "p")


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
            filled(opened["a"])
            raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        broken()
    assert cache.read("a") is None
    assert list(tmp_path.iterdir()) == []


def test_an_entry_that_was_not_sealed_does_not_appear(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    with writing(cache, [(label("a"), LAYOUT), (label("b"), LAYOUT)]) as opened:
        filled(opened["a"])
    assert cache.read("a") is not None
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_damaged_entry_is_no_hit(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    fill(cache, "key")
    (tmp_path / "key" / "train.0.npy").write_bytes(b"\x93NUMPY")
    assert cache.read("key") is None
    assert [(entry.key, entry.state) for entry in cache.list()] == [("key", "damaged")]


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


def test_a_file_that_was_cut_off_at_any_place_is_damaged(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    fill(cache, "key")
    path = tmp_path / "key" / "train.1.npy"
    whole = path.read_bytes()
    for size in (0, 64, 128, 130, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert (cache.read("key"), cache.list()[0].state) == (None, "damaged")
    np.save(path, np.zeros((4, 2, 3), np.float32))  # readable, but not what was sealed
    assert (cache.read("key"), cache.list()[0].state) == (None, "damaged")
    path.write_bytes(whole)
    assert (cache.read("key") is None, cache.list()[0].state) == (False, "whole")


WRITER = """
import sys, time
from pathlib import Path
import numpy as np
from bench.train.frozen.cache import FeatureCache, Label, Layout
from bench.train.frozen.filling import Writing, writing

cache = FeatureCache(Path(sys.argv[1]))
wanted = [(Label("key", "timm/x", "tiny", "blocks.5", "a machine"), Layout({"train": 1000}, ((250,),)))]
with cache.filling("key"), writing(cache, wanted) as opened:
    opened["key"].write("train", 0, [np.ones((1000, 250), np.float32)])
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is in the middle of writing an entry."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


@pytest.mark.usefixtures("writer")
def test_what_another_process_writes_is_listed_and_left_alone(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    [listed] = cache.list()
    assert (listed.key, listed.state) == ("key", "being written")
    assert listed.bytes >= 1_000_000
    cache.remove("key")
    cache.make_room(10**9, 0)
    with cache.filling("key") as ours:
        assert not ours
    assert [entry.state for entry in cache.list()] == ["being written"]


@pytest.mark.parametrize("by", ["remove", "make_room", "filling"])
def test_what_a_killed_process_left_is_listed_and_freed_at_once(
    tmp_path: Path, writer: subprocess.Popen[str], by: str
) -> None:
    writer.kill()
    writer.wait()
    cache = FeatureCache(tmp_path)
    assert [(entry.key, entry.state) for entry in cache.list()] == [("key", "left")]
    if by == "remove":
        cache.remove("key")
    elif by == "make_room":
        cache.make_room(0, 10**9)
    else:
        with cache.filling("key") as ours:
            assert ours
    assert list(tmp_path.iterdir()) == []


def test_who_waits_for_a_process_that_is_killed_goes_on(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    asked: list[float] = []

    def wait() -> None:
        asked.append(time.monotonic())
        if len(asked) == 2:
            writer.kill()

    with FeatureCache(tmp_path).filling("key", wait) as ours:
        assert ours
    assert len(asked) >= 2


def test_waiting_ends_by_an_error(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    def enough() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), FeatureCache(tmp_path).filling("key", enough):
        pass
    assert writer.poll() is None


def test_memory_holds_no_more_than_it_may_and_lets_the_first_go(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, memory_bytes=700)  # an entry takes 320
    for key in ("a", "b", "c"):
        cache.make_memory(320)
        cache.hold(key, fill(FeatureCache(tmp_path / "elsewhere"), key))
    assert [cache.read(key) is not None for key in "abc"] == [False, True, True]
    cache.remove("b")
    assert cache.read("b") is None
