"""What a run's time was measured under is recorded with it, the pass that it read included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.hardware import conditions
from bench.train.hooks import Hooks, StoppedError

Maker = Callable[..., Any]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Make every time disturbed, or none, whatever the machine does."""

    def judge(disturbed: bool) -> None:  # noqa: FBT001 - called with a word
        monkeypatch.setattr(conditions, "LOAD", -1000.0 if disturbed else 1000.0)
        monkeypatch.setattr(conditions, "SLOWDOWN", 1e9)

    return judge


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("strategy", ["linear", "full"])
def test_a_run_records_cpu_seconds_load_and_slowdown(
    strategy: str, make_spec: Maker, execute: Maker, judged: Maker
) -> None:
    judged(disturbed=False)
    result = execute(make_spec(strategy, epochs=2)).result
    assert result.cpu_s > 0
    assert result.load >= 0
    assert result.slowdown >= 1
    assert result.disturbed is False


def test_a_pass_that_was_disturbed_disturbs_the_runs_that_read_it_later(
    make_spec: Maker, execute: Maker, judged: Maker, tmp_path: Path
) -> None:
    judged(disturbed=True)
    first = execute(make_spec("linear", epochs=1))
    assert [made.disturbed for made in first.passes] == [True]
    (tmp_path / "run.pt").unlink(missing_ok=True)
    judged(disturbed=False)
    second = execute(make_spec("linear", epochs=1, lr=0.5)).result
    assert second.feature_s > 0.2 * second.standalone_s
    assert second.disturbed is True


def test_images_that_were_prepared_beside_other_work_disturb_the_runs_that_read_them_later(
    make_spec: Maker, execute: Maker, judged: Maker, tmp_path: Path
) -> None:
    judged(disturbed=True)
    execute(make_spec("full", epochs=1))
    (tmp_path / "run.pt").unlink(missing_ok=True)
    judged(disturbed=False)
    result = execute(make_spec("full", epochs=1, lr=0.5)).result
    assert result.disturbed is (result.prepared_s >= 0.1 * result.standalone_s)


def test_a_run_that_goes_on_keeps_what_was_disturbed_before(
    make_spec: Maker, execute: Maker, judged: Maker
) -> None:
    spec, seen = make_spec("full", epochs=2), list[Any]()
    judged(disturbed=True)
    with pytest.raises(StoppedError):
        execute(spec, Hooks(epoch=seen.append, stop=lambda: len(seen) == 1))
    judged(disturbed=False)
    assert execute(spec, Hooks(epoch=seen.append)).result.disturbed is True
