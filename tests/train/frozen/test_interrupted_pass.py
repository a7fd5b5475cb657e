"""An interrupted pass goes on where it stopped, and ends with the bytes of an undisturbed one."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock

from bench.errors import BenchError
from bench.train.frozen.cache import FeatureCache
from bench.train.frozen.features import kept_features
from bench.train.hooks import Hooks, StoppedError

Maker = Callable[..., Any]
IMAGES = 4 * (12 + 5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread computes 32 images at once: the training images take two batches, the test images one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Counted:
    """Hooks that count the images of passes, and stop after so many of their batches."""

    def __init__(self, after: int | None = None) -> None:
        self.images, self.batches, self._last = 0, 0, 0
        self._after = after
        self.notes: list[str] = []
        self.hooks = Hooks(features=self._features, stop=self._stop, note=self.notes.append)

    def _features(self, done: int, _total: int) -> None:
        self.images += done - self._last if self._last else 0
        self._last, self.batches = done, self.batches + 1

    def _stop(self) -> bool:
        return self._after is not None and self.batches >= self._after


def make(spec: Any, workbench: Any, hooks: Hooks | None = None) -> Any:
    """Make what a run reads at its frontier."""
    loaded = workbench.shelf.load(spec)
    return kept_features(spec, loaded.classifier(spec, workbench.device), loaded, workbench, hooks or Hooks())[1]


def interrupt(spec: Any, workbench: Any, after: int) -> Path:
    """Stop a pass after so many batches; returns the folder of what it has kept."""
    with pytest.raises(StoppedError, match="goes on where it stopped"):
        make(spec, workbench, Counted(after).hooks)
    [folder] = workbench.cache.folder.glob(".*.part")
    return Path(folder)


def same_files(one: Path, other: Path) -> bool:
    files = {path.name: path.read_bytes() for path in one.glob("*.npy")}
    return files == {path.name: path.read_bytes() for path in other.glob("*.npy")} != {}


@pytest.fixture
def undisturbed(workbench: Any, tmp_path: Path) -> Callable[[Any], Path]:
    def make_elsewhere(spec: Any) -> Path:
        elsewhere = replace(workbench, cache=FeatureCache(tmp_path / "undisturbed"))
        make(spec, elsewhere)
        [entry] = [path for path in elsewhere.cache.folder.glob("[!.]*") if path.is_dir()]
        return entry

    return make_elsewhere


@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize(
    ("strategy", "recipe"),
    [("linear", {}), ("last_blocks(1)", {}), ("linear", {"augment": ["horizontal_flip(p=0.5)"], "views": 2})],
)
def test_it_goes_on_and_ends_with_the_same_bytes(
    make_spec: Maker, workbench: Any, undisturbed: Any, after: int, strategy: str, recipe: Any
) -> None:
    spec = make_spec(strategy, **recipe)
    interrupt(spec, workbench, after)
    again = Counted()
    entry = make(spec, workbench, again.hooks)
    assert again.batches == 3 - after
    assert same_files(workbench.cache.folder / entry.made.key, undisturbed(spec))
    assert not list(workbench.cache.folder.glob(".*.part"))


def test_what_a_pass_took_is_added_up_over_its_interruptions(make_spec: Maker, workbench: Any) -> None:
    spec = make_spec("linear")
    interrupt(spec, workbench, 1)
    begun = make(spec, workbench)
    assert begun.alone_s == pytest.approx(begun.made.seconds)
    assert begun.made.seconds > 0


def test_repeated_stops_after_one_batch_each_reach_the_end(make_spec: Maker, workbench: Any) -> None:
    spec, entry, calls = make_spec("linear"), None, 0
    while entry is None and calls < 4:
        calls += 1
        with contextlib.suppress(StoppedError):
            entry = make(spec, workbench, Counted(1).hooks)
    assert entry is not None


@pytest.mark.parametrize("at", [0.0, 0.3, 0.99])
def test_a_byte_flipped_in_what_is_kept_so_far_is_computed_again(
    make_spec: Maker, workbench: Any, undisturbed: Any, at: float
) -> None:
    spec = make_spec("last_blocks(1)")
    folder = interrupt(spec, workbench, 2)
    flip(folder / "train.0.npy", at)
    again = Counted()
    entry = make(spec, workbench, again.hooks)
    assert again.batches > 1
    assert same_files(workbench.cache.folder / entry.made.key, undisturbed(spec))


def test_a_mark_that_was_half_written_is_left_out(make_spec: Maker, workbench: Any, undisturbed: Any) -> None:
    spec = make_spec("linear")
    folder = interrupt(spec, workbench, 1)
    with (folder / "progress").open("a") as file:
        file.write('{"checksum": "xxh3:12')
    entry = make(spec, workbench, (again := Counted()).hooks)
    assert again.batches == 2
    assert same_files(workbench.cache.folder / entry.made.key, undisturbed(spec))


def test_an_interrupted_pass_with_other_batches_begins_anew(
    make_spec: Maker, workbench: Any, undisturbed: Any
) -> None:
    spec = make_spec("linear")
    interrupt(spec, workbench, 1)
    torch.set_num_threads(2)
    entry = make(spec, workbench, (again := Counted()).hooks)
    assert again.batches == 2  # of 64 and of 20 images
    assert same_files(workbench.cache.folder / entry.made.key, undisturbed(spec))


def test_a_pass_that_now_serves_more_runs_keeps_what_it_has(
    make_spec: Maker, workbench: Any, tmp_path: Path
) -> None:
    one, other = make_spec("linear"), make_spec("last_blocks(1)")
    interrupt(one, workbench, 2)
    both = replace(workbench, planned=[one, other])
    first, second = make(one, both), make(other, both)
    for spec, entry in ((one, first), (other, second)):
        alone = replace(workbench, cache=FeatureCache(tmp_path / entry.made.key[:8]))
        made = make(spec, alone)
        for part, kept in made.arrays.items():
            assert all(np.array_equal(a, b) for a, b in zip(kept, entry.arrays[part], strict=True))


def test_another_process_does_not_touch_what_is_being_filled(make_spec: Maker, workbench: Any) -> None:
    spec = make_spec("linear")
    folder = interrupt(spec, workbench, 1)
    key = folder.name[1:].split(".")[0]
    other = FeatureCache(workbench.cache.folder)
    with workbench.cache.filling(key):
        with other.filling(key) as ours:
            assert not ours
        other.remove(key)
        other.make_room(10**12, 0)
        assert folder.exists()
        assert [entry.state for entry in other.list()] == ["being written"]
    assert [entry.state for entry in other.list()] == ["partial"]
    other.remove(key)
    assert not folder.exists()


def test_a_damaged_image_costs_only_what_comes_after_it(
    make_spec: Maker, workbench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, source = make_spec("linear"), type(workbench.dataset.images("test"))
    whole = source.image

    def broken(self: Any, index: int) -> Any:
        if len(self) == 20 and index == 3:
            raise BenchError("damaged", "", "")
        return whole(self, index)

    monkeypatch.setattr(source, "image", broken)
    with pytest.raises(BenchError, match="damaged"):
        make(spec, workbench)
    monkeypatch.setattr(source, "image", whole)
    again = Counted()
    make(spec, workbench, again.hooks)
    assert again.batches == 1


def test_infinite_activations_name_the_backbone_and_not_the_learning_rate(
    make_spec: Maker, workbench: Any
) -> None:
    spec = make_spec("linear")
    backbone = workbench.shelf.load(spec).backbone
    with torch.no_grad():
        next(backbone.parameters()).fill_(float("nan"))
    with pytest.raises(BenchError, match="timm/test_efficientnet gives NaN or infinity") as error:
        make(spec, workbench)
    assert "another learning rate would not help" in error.value.todo
    assert workbench.cache.list() == []


def flip(path: Path, at: float) -> None:
    """Turn one bit of a file, at a share of its length."""
    content = bytearray(path.read_bytes())
    content[min(len(content) - 1, int(at * len(content)))] ^= 1
    path.write_bytes(content)


def test_where_there_are_no_locks_an_interrupted_pass_starts_anew(
    make_spec: Maker, workbench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", none)
    with pytest.raises(StoppedError, match="starts anew"):
        make(make_spec("linear"), workbench, Counted(1).hooks)
    assert not list(workbench.cache.folder.glob("*"))
    whole, read = Counted(), Counted()
    for counted in (whole, read):
        make(make_spec("linear"), workbench, counted.hooks)
    assert (whole.batches, read.batches) == (3, 0)
