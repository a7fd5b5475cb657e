"""`bench cache` shows and frees what frozen passes have kept, and prepared images."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
from command_line import bench, refused
from read_only import ReadOnly

from bench.data.datasets import folder_entry, open_dataset
from bench.data.images import prepared_files
from bench.data.images.prepared import open_pixels
from bench.data.splits import split
from bench.spec import TransformSpec
from bench.train.frozen.cache import FeatureCache, Label, Layout
from bench.train.frozen.filling import writing


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FeatureCache:
    """Two entries in a home of their own."""
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))
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


@pytest.fixture
def prepared(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prepared images of two splits of a small dataset, in a home of their own."""
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))
    dataset = open_dataset(folder_entry(tiny_folder))
    parts = split(dataset.manifest, "label", 0.25, 0)
    for part in (parts.train, parts.test):
        open_pixels(dataset, part, TransformSpec(image_size=16))
    return tmp_path / "home" / "images"


def test_prepared_images_are_listed_with_their_size_and_freed(prepared: Path, tiny_folder: Path) -> None:
    listed = bench("cache", "list", "--json").data
    sizes = {entry["frontier"]: (entry["images"], entry["bytes"]) for entry in listed}
    assert set(sizes) == {"images (train, 16 px)", "images (test, 16 px)"}
    assert sizes["images (test, 16 px)"] == (20, 20 * 3 * 16 * 16 + 128 + prepared_files.SEAL_BYTES)
    assert {entry["dataset"] for entry in listed} == {f"folder:{tiny_folder.name}"}
    assert "2 entries" in bench("cache", "list").stdout
    bench("cache", "clear", listed[0]["key"][:10])
    assert len(list(prepared.glob("*.npy"))) == 1
    assert "1 entry freed" in bench("cache", "clear", "--dataset", f"folder:{tiny_folder.name}").stdout
    assert list(prepared.iterdir()) == []


def test_prepared_images_are_of_no_backbone(prepared: Path) -> None:
    assert "0 entries freed" in bench("cache", "clear", "--backbone", "*resnet*").stdout
    assert len(list(prepared.glob("*.npy"))) == 2


def test_images_of_before_and_leftovers_of_killed_processes_are_freed_too(prepared: Path) -> None:
    for path in prepared.glob("*.npy"):
        path.write_bytes(path.read_bytes()[: -prepared_files.SEAL_BYTES])
        path.with_suffix(".json").write_text("{}")
    (prepared / ".a.npy.1.tmp").write_bytes(b"half")
    states = [entry["state"] for entry in bench("cache", "list", "--json").data]
    assert sorted(states) == ["left", "outdated", "outdated"]
    assert "3 entries freed" in bench("cache", "clear", "--all").stdout
    assert list(prepared.iterdir()) == []


PREPARER = """
from bench.disk.atomic import atomic_file
from bench.data.images.prepared_files import images_folder, prepared_path
from bench.disk.locks import locked
import time
with locked(images_folder(), "d" * 32), atomic_file(prepared_path("d" * 32)) as file:
    file.write_bytes(b"x" * 1_000_000)
    print("writing", flush=True)
    time.sleep(60)
"""


def test_images_that_a_killed_process_was_preparing_are_freed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", PREPARER], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        assert "0 entries freed" in bench("cache", "clear", "--all").stdout
        writer.kill()
    assert "1 entry freed, 1.0 MB" in bench("cache", "clear", "--all").stdout
    assert list((tmp_path / "images").iterdir()) == []


@pytest.mark.parametrize("words", [("list", "--dataset", ""), ("clear", ""), ("clear", "--backbone", "")])
def test_an_empty_choice_does_not_free_everything(words: tuple[str, ...]) -> None:
    assert "is empty." in refused("cache", *words)


WRITER = """
from bench.train.frozen.cache import FeatureCache, Label, Layout
from bench.train.frozen.filling import writing
import time
cache = FeatureCache()
wanted = [(Label("c" * 64, "timm/x", "tiny", "blocks.5", "a machine"), Layout({"train": 1000}, ((250,),)))]
with cache.filling("c" * 64), writing(cache, wanted):
    print("writing", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_is_listed_and_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        assert "being written" in bench("cache", "list").stdout
        assert "0 entries freed" in bench("cache", "clear", "--all").stdout
        writer.kill()
    assert "left by a killed process" in bench("cache", "list").stdout
    [listed] = bench("cache", "list", "--json").data
    assert (listed["state"], listed["bytes"] > 1_000_000) == ("left", True)
    assert "1 entry freed, 1.0 MB" in bench("cache", "clear", "--all").stdout
    assert list((tmp_path / "features").iterdir()) == []


def test_a_damaged_entry_is_listed_as_that_and_freed(cache: FeatureCache) -> None:
    os.truncate(cache.folder / ("a" * 64) / "train.0.npy", 1000)
    assert "damaged" in bench("cache", "list").stdout
    states = {entry["key"][0]: entry["state"] for entry in bench("cache", "list", "--json").data}
    assert states == {"a": "damaged", "b": "whole"}
    assert "1 entry freed" in bench("cache", "clear", "aaaa").stdout


def test_what_a_read_only_disk_keeps_is_not_said_to_be_freed(cache: FeatureCache, read_only: ReadOnly) -> None:
    with read_only(cache.folder):
        ended = bench("cache", "clear", "--all")
    assert ended.code == 2
    assert "0 entries freed, 0.0 MB." in ended.stdout
    assert "2 entries could not be freed." in ended.stderr
    assert [entry.state for entry in cache.list()] == ["whole", "whole"]
