"""Diverged trials are tried again on purpose; what was told of them stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Maker = Callable[..., Any]


def test_a_diverged_trial_that_is_done_the_second_time_is_another_trial(
    tunings: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.train import run_state

    place = tunings("place", "--trials", "2", "--space", "lr=1e-3,1e-2")
    with monkeypatch.context() as patch:
        patch.setattr(run_state, "math", type("Never", (), {"isfinite": staticmethod(lambda _: False)}))
        place.call()
    assert [trial["state"] for trial in place.trials()] == ["diverged", "diverged"]
    assert place.call().code == 0
    assert len(place.trials()) == 2
    assert place.call("--retry", "failed,diverged").code == 0
    assert [trial["state"] for trial in place.trials()] == ["diverged", "diverged", "done", "done"]
    assert {row["status"] for row in place.rows().values()} == {"done"}
    assert place.study()["best"]["value"] == max(trial["value"] for trial in place.trials()[2:])
    place.call("--retry", "diverged")
    assert len(place.trials()) == 4
