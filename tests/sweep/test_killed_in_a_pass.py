"""Sweeps killed inside a frozen pass or a checkpoint write, or out of time there, end as an undisturbed one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import library_model
from kills import start, start_killed_at
from PIL import Image

Maker = Callable[..., Any]

PLACES = [
    ("bench.train.frozen.filling:Writing", "write", 2),
    ("bench.train.frozen.filling:Writing", "write", 9),
    ("bench.train.frozen.partial", "flush", 2),
    ("os", "fsync", 3),  # a mark: the data are flushed, the line is written and not yet safe
    ("os", "fsync", 5),
    ("bench.train.frozen.filling:Writing", "_seal", 1),
    ("bench.train.frozen.filling", "_put_in_place", 1),
    ("bench.train.frozen.filling", "_put_in_place", 2),
    ("torch", "save", 1),
    ("bench.train.checkpoint", "file_checksum", 1),
    ("bench.train.checkpoint", "file_checksum", 2),
    ("bench.store.artifacts:Artifacts", "save_predictions", 1),
    ("bench.store.artifacts:Artifacts", "weights_stamp", 1),
]

ORDINARY = {("write", 2), ("fsync", 3), ("_put_in_place", 1), ("save", 1), ("save_predictions", 1)}
"""Places that every test run tries: a batch, a mark, an entry of the cache, a checkpoint, a result."""


def case(module: str, name: str, count: int) -> Any:
    """Make a case of a place; its id does not depend on the module's folder."""
    marks = [] if (name, count) in ORDINARY else [pytest.mark.exhaustive]
    return pytest.param(module, name, count, id=f"{module.rpartition('.')[2]}-{name}-{count}", marks=marks)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """A sweep on 240 images with fixed weights: a pass of several batches, runs that save each epoch."""
    import torch

    from bench.spec import BackboneSpec

    place = tmp_path_factory.mktemp("asked")
    for split, count in (("train", 50), ("test", 10)):
        for number, name in enumerate(("sea", "sky", "rock", "sand")):
            folder = place / "tints" / split / name
            folder.mkdir(parents=True)
            for at in range(count):
                pixels = np.random.default_rng([number, at, len(split)]).integers(0, 200, (32, 32, 3), np.uint8)
                pixels[..., number % 3] |= 128
                Image.fromarray(pixels).save(folder / f"{at:02}.png")
    weights = place / "net.pth"
    model = library_model(BackboneSpec(library="timm", architecture="test_efficientnet"), 32)
    torch.save(model.state_dict(), weights)
    return (
        "sweep", "--dataset", f"folder:{place / 'tints'}", "-m", f"timm/test_efficientnet@file:{weights}",
        "-s", "linear,last_blocks(1)", "--image-size", "32", "--epochs", "3", "--set", "batch_size=32",
        "--set", "early_stopping=null", "--set", "augment=[]", "--set", "views=0",
    )  # fmt: skip


def ended(process: Any) -> int:
    """Wait for a process, and return its exit code."""
    process.join(300)
    assert process.exitcode is not None, "it did not end"
    return process.exitcode


class Place:
    """A database and a home of its own."""

    def __init__(self, folder: Path, asked: tuple[str, ...]) -> None:
        folder.mkdir()
        self.folder, self.asked, self.home = folder, asked, folder / "home"

    def words(self, *more: str) -> list[str]:
        return [*self.asked, "--db", str(self.folder / "runs.db"), *more]

    def run(self, *more: str) -> int:
        return ended(start(self.words(*more), self.home))

    def killed(self, module: str, name: str, count: int) -> int:
        return ended(start_killed_at((module, name, count), self.words(), self.home))

    def said(self) -> str:
        return (self.home / "output.txt").read_text()

    def rows(self) -> Any:
        from command_processes import timeless_rows

        return timeless_rows(self.folder / "runs.db")

    def kept(self) -> dict[str, str]:
        """The content of every array of the feature cache, by entry and file."""
        features = self.home / "features"
        return {
            str(path.relative_to(features)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(features.glob("*/*.npy"))
        }

    def leftovers(self) -> list[Path]:
        """What a killed process left, but for a note of a dataset: it is hidden, and nothing reads it."""
        left = [*self.folder.rglob("*.tmp"), *self.folder.rglob("*.part"), *self.folder.rglob("*.pt")]
        return [path for path in left if self.home / "manifests" not in path.parents]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, asked: tuple[str, ...]) -> Place:
    place = Place(tmp_path_factory.mktemp("calm") / "place", asked)
    assert place.run() == 0, place.said()
    return place


def same(place: Place, calm: Place) -> None:
    assert place.rows() == calm.rows()
    assert place.kept() == calm.kept()
    assert place.leftovers() == []


@pytest.mark.slow
@pytest.mark.parametrize(("module", "name", "count"), [case(*one) for one in PLACES])
def test_killed_at_a_place_it_ends_with_the_same_bytes(
    tmp_path: Path, asked: tuple[str, ...], calm: Place, module: str, name: str, count: int
) -> None:
    place = Place(tmp_path / "place", asked)
    assert place.killed(module, name, count) == -9
    assert place.run() == 0, place.said()
    same(place, calm)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_killed_again_and_again_in_a_pass_it_ends_with_the_same_bytes(
    tmp_path: Path, asked: tuple[str, ...], calm: Place
) -> None:
    place, moments = Place(tmp_path / "place", asked), random.Random(3)  # noqa: S311 - moments, not secrets
    killed = sum(
        place.killed("bench.train.frozen.filling:Writing", "write", moments.randint(2, 12)) == -9 for _ in range(6)
    )
    assert killed >= 2
    assert place.run() == 0, place.said()
    same(place, calm)


@pytest.mark.slow
def test_the_same_command_with_a_time_limit_that_nothing_fits_ends(
    tmp_path: Path, asked: tuple[str, ...], calm: Place
) -> None:
    place, code, calls = Place(tmp_path / "place", asked), 130, 0
    while code == 130 and calls < 20:  # batches of the pass, then the epochs of two runs
        code, calls = place.run("--time-limit", "0.001s"), calls + 1
    assert code == 0
    assert calls > 3
    same(place, calm)


@pytest.mark.slow
def test_an_epoch_of_full_that_is_longer_than_the_time_limit_is_finished(
    tmp_path: Path, asked: tuple[str, ...]
) -> None:
    words = list(asked)
    words[words.index("linear,last_blocks(1)")] = "full"
    place, code, calls = Place(tmp_path / "place", tuple(words)), 130, 0
    while code == 130 and calls < 6:
        code, calls = place.run("--time-limit", "0.001s"), calls + 1
    assert code == 0
    assert calls in (3, 4)  # the last may evaluate only
    assert {row["status"] for row in place.rows().values()} == {"done"}
