"""One pass serves all who want it, whatever the disk does; a run that must keep its features does so or fails."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from read_only import ReadOnly

from bench.errors import BenchError
from bench.train.frozen.cache import FeatureCache
from bench.train.hooks import Hooks, StoppedError

Maker = Callable[..., Any]


class Passes:
    """Counts the passes over the images, and hears the notes."""

    def __init__(self, images: int) -> None:
        self.count, self.notes = 0, list[str]()
        self.hooks = Hooks(features=self._feature, note=self.notes.append)
        self._images = images

    def _feature(self, done: int, _total: int) -> None:
        self.count += done == self._images


@pytest.fixture
def passes() -> Passes:
    return Passes(4 * (12 + 5))


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)


@pytest.fixture
def seeds(execute: Maker, make_spec: Maker, passes: Passes, tmp_path: Any) -> Callable[..., list[Any]]:
    """Execute a strategy with a few seeds, on equal random weights; gives the outcomes."""

    def run(strategy: str, count: int = 3, **more: Any) -> list[Any]:
        outcomes = []
        for lr in np.geomspace(1e-3, 1e-2, count):
            (tmp_path / "run.pt").unlink(missing_ok=True)
            outcomes.append(execute(make_spec(strategy, epochs=1, lr=float(lr), **more), passes.hooks))
        return outcomes

    return run


def test_a_damaged_entry_is_made_anew_once(seeds: Any, passes: Passes, workbench: Any) -> None:
    [before] = seeds("linear", 1)
    [key] = before.result.feature_keys
    path = workbench.cache.folder / key / "train.0.npy"
    os.truncate(path, path.stat().st_size // 2)
    outcomes = seeds("linear")
    assert passes.count == 2
    assert np.array_equal(outcomes[0].test_logits, before.test_logits)
    assert [entry.state for entry in workbench.cache.list()] == ["whole"]


@pytest.mark.usefixtures("full_disk")
def test_on_a_full_disk_runs_share_what_is_held_in_memory(seeds: Any, passes: Passes, workbench: Any) -> None:
    outcomes = seeds("last_blocks(1)")
    assert {outcome.result.frontier for outcome in outcomes} != {"images"}
    assert passes.count == 1
    assert len(passes.notes) == 1
    assert "held in memory" in passes.notes[0]
    assert list(workbench.cache.folder.iterdir()) == []


@pytest.mark.usefixtures("full_disk")
def test_what_fits_neither_the_disk_nor_memory_is_not_computed_for_nothing(
    seeds: Any, passes: Passes, workbench: Any
) -> None:
    workbench.cache.memory_bytes = 0
    assert {outcome.result.frontier for outcome in seeds("linear")} == {"images"}
    assert passes.count == 0


def test_what_is_kept_of_a_sweep_stays_within_the_budget(
    make_spec: Maker, execute: Maker, workbench: Any, tmp_path: Any
) -> None:
    small, large = (make_spec(strategy, epochs=1) for strategy in ("linear", "last_blocks(2)"))
    execute(small)
    [first] = workbench.cache.list()
    (tmp_path / "run.pt").unlink(missing_ok=True)
    elsewhere = replace(workbench, cache=FeatureCache(tmp_path / "elsewhere"))
    execute(large, workbench=elsewhere)
    [second] = elsewhere.cache.list()
    (tmp_path / "run.pt").unlink(missing_ok=True)
    tight = replace(workbench, cache_bytes=max(first.bytes, second.bytes) + 1000, planned=[small, large])
    assert first.bytes + second.bytes > tight.cache_bytes
    execute(large, workbench=tight)
    assert [entry.key for entry in workbench.cache.list()] == [second.key]


def test_what_others_have_kept_stays_where_all_of_it_fits(
    make_spec: Maker, execute: Maker, workbench: Any, tmp_path: Any
) -> None:
    workbench.planned = [make_spec(strategy, epochs=1) for strategy in ("linear", "last_blocks(2)")]
    for spec in workbench.planned:
        (tmp_path / "run.pt").unlink(missing_ok=True)
        execute(spec)
    assert len(workbench.cache.list()) == 2


def test_who_wants_what_another_fills_waits_and_reads(
    make_spec: Maker, execute: Maker, workbench: Any, passes: Passes
) -> None:
    spec = make_spec("linear", epochs=1)
    key = _key(spec, workbench)
    filled = threading.Event()
    other = FeatureCache(workbench.cache.folder)
    with other.filling(key) as ours:
        assert ours
        waits = threading.Thread(target=lambda: (execute(spec, passes.hooks), filled.set()))
        waits.start()
        while not passes.notes:
            assert not filled.wait(0.05)
        assert "Another process computes the features of timm/test_efficientnet" in passes.notes[0]
        assert passes.count == 0
        elsewhere = replace(workbench, cache=FeatureCache(workbench.cache.folder.parent / "made"))
        _made(spec, elsewhere).rename(workbench.cache.folder / key)
    waits.join()
    assert passes.count == 0


def _key(spec: Any, workbench: Any) -> str:
    from bench.train.frozen.wanted import Search

    loaded = workbench.shelf.load(spec)
    model = loaded.classifier(spec, workbench.device)
    search = Search(
        loaded.frontiers(model), loaded.weights_digest, workbench.dataset.manifest, workbench.device, 10**9
    )
    _, wanted = search.wanted(spec, model)
    assert wanted
    return str(wanted.label.key)


def _made(spec: Any, workbench: Any) -> Any:
    """Make a run's entry in a cache of its own; returns its folder."""
    from bench.train.frozen.features import kept_features

    loaded = workbench.shelf.load(spec)
    kept_features(spec, loaded.classifier(spec, workbench.device), loaded, workbench, Hooks())
    return workbench.cache.folder / workbench.cache.list()[0].key


def test_waiting_for_another_ends_when_the_run_is_told_to_stop(
    make_spec: Maker, execute: Maker, workbench: Any
) -> None:
    spec = make_spec("linear", epochs=1)
    filling = FeatureCache(workbench.cache.folder).filling(_key(spec, workbench))
    with filling, pytest.raises(StoppedError, match="another process"):
        execute(spec, Hooks(stop=lambda: True))


OWN_WAYS = [{"kept": "fp16"}, {"backend": "openvino"}]


@pytest.mark.parametrize("own", OWN_WAYS, ids=str)
@pytest.mark.parametrize("strategy", ["linear", "last_blocks(1)"])
def test_where_the_budget_keeps_nothing_a_run_whose_identity_says_how_fails(
    make_spec: Maker, execute: Maker, workbench: Any, strategy: str, own: dict[str, str]
) -> None:
    spec = make_spec(strategy, epochs=1).model_copy(update=own)
    with pytest.raises(BenchError, match="cannot be kept") as error:
        execute(spec, workbench=replace(workbench, cache_bytes=1000))
    assert "--cache-budget" in error.value.todo
    assert not list(workbench.cache.folder.glob("*"))


@pytest.mark.usefixtures("full_disk")
def test_where_the_disk_keeps_nothing_a_run_whose_identity_says_how_fails(
    make_spec: Maker, execute: Maker, workbench: Any
) -> None:
    spec = make_spec("linear", epochs=1).model_copy(update={"kept": "fp16"})
    workbench.cache.memory_bytes = 0
    with pytest.raises(BenchError, match="there is no room for them"):
        execute(spec)


def test_the_budget_does_not_choose_the_cut_of_a_run_whose_identity_says_how(
    make_spec: Maker, execute: Maker, workbench: Any, tmp_path: Any
) -> None:
    spec = make_spec("freeze_first(3)", backbone="timm/test_resnet", epochs=1)
    half = spec.model_copy(update={"kept": "fp16"})
    [kept] = execute(half).passes
    (tmp_path / "run.pt").unlink(missing_ok=True)
    with pytest.raises(BenchError, match="cannot be kept"):
        execute(half, workbench=replace(workbench, cache_bytes=kept.bytes - 1))
    (tmp_path / "run.pt").unlink(missing_ok=True)
    again = execute(half, workbench=replace(workbench, cache_bytes=kept.bytes))
    assert again.passes[0].key == kept.key


@pytest.mark.parametrize("strategy", ["linear", "full"])
def test_with_a_read_only_cache_runs_are_done_all_the_same(
    seeds: Any, passes: Passes, workbench: Any, read_only: ReadOnly, strategy: str
) -> None:
    workbench.cache.folder.mkdir()
    with read_only(workbench.cache.folder):
        outcomes = seeds(strategy, 2)
    assert len(outcomes) == 2
    kept = strategy == "linear"
    assert (passes.count, len(passes.notes)) == (kept, kept)


def test_a_damaged_entry_on_a_read_only_disk_is_computed_once_in_memory(
    seeds: Any, passes: Passes, workbench: Any, read_only: ReadOnly
) -> None:
    [key] = seeds("linear", 1)[0].result.feature_keys
    os.truncate(workbench.cache.folder / key / "train.0.npy", 1000)
    with read_only(workbench.cache.folder):
        seeds("linear", 2)
    assert passes.count == 2


@pytest.mark.parametrize("package", ["timm", "torch", "torchvision", "pillow"])
def test_another_version_of_a_library_does_not_read_what_this_one_kept(
    make_spec: Maker, workbench: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    plain, flipped = make_spec("linear"), make_spec("linear", augment=["horizontal_flip(p=0.5)"], views=2)
    before = [_key(spec, workbench) for spec in (plain, flipped)]
    run_ids = [spec.run_id for spec in (plain, flipped)]
    _install(package, "0.0.1", tmp_path, monkeypatch)
    assert not {_key(spec, workbench) for spec in (plain, flipped)} & set(before)
    assert run_ids == [spec.run_id for spec in (make_spec("linear"), flipped)]


@pytest.mark.parametrize(
    ("package", "changes"),
    [("openvino", {"backend": "openvino"}), ("onnxruntime", {"backend": "onnxruntime"}), ("albumentations", {})],
)
def test_a_version_counts_only_where_the_package_computes(
    make_spec: Maker, workbench: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, package: str, changes: Any
) -> None:
    plain = make_spec("linear")
    other = plain.model_copy(update=changes)
    if package == "albumentations":
        pytest.importorskip("albumentations")
        other = make_spec("linear", augment=["albumentations.HorizontalFlip(p=0.5)"], views=2)
    before = [_key(spec, workbench) for spec in (plain, other)]
    _install(package, "0.0.1", tmp_path, monkeypatch)
    after = [_key(spec, workbench) for spec in (plain, other)]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)


def _install(package: str, version: str, folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a package say that it is of another version, as pip would have noted it."""
    noted = folder / "packages" / f"{package}-{version}.dist-info"
    noted.mkdir(parents=True)
    (noted / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(noted.parent))
