"""What a run would cost alone: decoding is in it however the run reads its images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.home import bench_home
from bench.train.hooks import Hooks

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


def notes() -> list[Path]:
    return sorted((bench_home() / "images").glob("*.json"))


def takes(path: Path, seconds: float) -> None:
    """Write another time into the note beside prepared images."""
    label = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**label, "seconds": seconds}), encoding="utf-8")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))


def test_preparing_images_is_in_the_time_alone_of_the_run_that_did_it(make_spec: Maker, again: Maker) -> None:
    result = again(make_spec("full", epochs=1))
    spent = [json.loads(path.read_text(encoding="utf-8"))["seconds"] for path in notes()]
    assert len(spent) == PARTS
    assert result.prepared_s == pytest.approx(sum(spent))
    assert result.standalone_s == pytest.approx(sum(spent) + result.train_s + result.eval_s)


def test_and_of_each_run_that_found_them_prepared(make_spec: Maker, again: Maker) -> None:
    again(make_spec("full", epochs=1))
    for path in notes():
        takes(path, 100.0)
    result = again(make_spec("full", seed=1, epochs=1))
    assert result.prepared_s == PARTS * 100.0
    assert result.standalone_s > PARTS * 100.0


def test_a_run_from_kept_features_counts_its_pass_which_decodes(make_spec: Maker, again: Maker) -> None:
    result = again(make_spec("linear", epochs=1))
    assert (result.prepared_s, notes()) == (0.0, [])
    assert result.standalone_s == result.feature_s + result.train_s + result.eval_s > result.feature_s > 0


def test_what_took_unknown_seconds_is_said(make_spec: Maker, again: Maker) -> None:
    again(make_spec("full", epochs=1))
    for path in notes():
        path.write_text("{", encoding="utf-8")
    said: list[str] = []
    assert again(make_spec("full", seed=1, epochs=1), Hooks(note=said.append)).prepared_s == 0.0
    assert sum("is not known" in note for note in said) == PARTS
