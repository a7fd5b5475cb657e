"""What a run would cost alone: decoding is in it however the run reads its images."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bench.data.images.prepared_files import SEAL_BYTES, read_seal, seal, verified_label
from bench.disk.home import bench_home

Maker = Callable[..., Any]
PARTS = 3
"""Train, val and test are prepared each for itself."""


@pytest.fixture
def again(execute: Maker, tmp_path: Path) -> Maker:
    """Execute a spec from its beginning."""

    def run(*args: Any) -> Any:
        (tmp_path / "run.pt").unlink(missing_ok=True)
        return execute(*args).result

    return run


def prepared() -> list[Path]:
    return sorted((bench_home() / "images").glob("*.npy"))


def seconds_of(path: Path) -> float:
    label = verified_label(path)
    assert label is not None
    return label.seconds


def takes(path: Path, seconds: float) -> None:
    """Seal prepared images with another time."""
    found = read_seal(path)
    assert found is not None
    sealed = seal(found[0], replace(found[1], seconds=seconds))
    path.write_bytes(path.read_bytes()[:-SEAL_BYTES] + sealed)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))


def test_preparing_images_is_in_the_time_alone_of_the_run_that_did_it(make_spec: Maker, again: Maker) -> None:
    result = again(make_spec("full", epochs=1))
    spent = [seconds_of(path) for path in prepared()]
    assert len(spent) == PARTS
    assert result.prepared_s == pytest.approx(sum(spent))
    assert result.standalone_s == pytest.approx(sum(spent) + result.train_s + result.eval_s)


def test_and_of_each_run_that_found_them_prepared(make_spec: Maker, again: Maker) -> None:
    again(make_spec("full", epochs=1))
    for path in prepared():
        takes(path, 100.0)
    result = again(make_spec("full", seed=1, epochs=1))
    assert result.prepared_s == PARTS * 100.0
    assert result.standalone_s > PARTS * 100.0


def test_a_run_from_kept_features_counts_its_pass_which_decodes(make_spec: Maker, again: Maker) -> None:
    result = again(make_spec("linear", epochs=1))
    assert (result.prepared_s, prepared()) == (0.0, [])
    assert result.standalone_s == result.feature_s + result.train_s + result.eval_s > result.feature_s > 0


def test_a_label_that_is_damaged_is_made_anew_with_its_images(make_spec: Maker, again: Maker) -> None:
    again(make_spec("full", epochs=1))
    for path in prepared():
        takes(path, 100.0)
        content = bytearray(path.read_bytes())
        content[-SEAL_BYTES + content[-SEAL_BYTES:].index(b"100.0")] = ord("9")
        path.write_bytes(content)
    result = again(make_spec("full", seed=1, epochs=1))
    assert 0 < result.prepared_s < 100.0
    assert result.prepared_s == pytest.approx(sum(map(seconds_of, prepared())))


def test_a_clock_that_is_set_meanwhile_changes_no_duration(
    make_spec: Maker, again: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = count()
    monkeypatch.setattr(time, "time", lambda: 1e9 - 86_400 * next(days))  # set back by a day at each look
    begun = time.perf_counter()
    results = [again(make_spec(strategy, epochs=1)) for strategy in ("linear", "full")]
    took = time.perf_counter() - begun
    assert all(0 < result.standalone_s < took for result in results)
