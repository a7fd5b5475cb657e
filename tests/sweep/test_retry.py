"""Runs that ended badly are tried again on purpose: another attempt each, and nothing is overwritten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

Maker = Callable[..., Any]
NET = ("-m", "timm/test_efficientnet@none", "--image-size", "32", "--epochs", "2", "--set", "batch_size=8")
WILD = ("-s", "full", "--set", "optimizer=sgd", "--set", "lr=1e30", "--set", "clip_grad_norm=null")


def attempts(place: Any) -> list[list[str]]:
    from bench.store.store import Store

    with Store.open(place.db) as store:
        return [[attempt.status for attempt in store.attempts(row.run_id)] for row in store.rows()]


def test_a_diverged_run_is_tried_again_only_if_that_is_asked_for(sweeps: Maker) -> None:
    wild = sweeps("wild", *NET, *WILD)
    assert wild.call(*wild.options)[0] == 3
    code, said = wild.call(*wild.options)
    assert (code, attempts(wild)) == (3, [["diverged"]])
    assert "1 diverged before" in said
    code, said = wild.call(*wild.options, "--retry", "failed,diverged")
    assert (code, attempts(wild)) == (3, [["diverged", "diverged"]])
    assert "1 diverged." in said


def test_what_succeeds_the_second_time_is_done(sweeps: Maker) -> None:
    place, calm = sweeps("place", *NET, "-s", "linear"), sweeps("calm", *NET, "-s", "linear")
    assert place.call(*place.options, "--time-limit", "0.01s")[0] == 130
    with sqlite3.connect(place.db) as database:  # as a defect that is mended now would have left it
        database.execute("UPDATE runs SET status = 'diverged'")
        database.execute("UPDATE attempts SET status = 'diverged'")
    assert place.call(*place.options)[0] == 3
    assert place.call(*place.options, "--retry", "diverged")[0] == 0
    assert attempts(place) == [["diverged", "done"]]
    assert calm.call(*calm.options)[0] == 0
    assert place.rows() == calm.rows()


def test_failed_runs_are_left_if_they_are_not_to_be_tried_again(sweeps: Maker) -> None:
    place = sweeps("place", *NET, "-s", "linear")
    assert place.call(*place.options, "--time-limit", "0.01s")[0] == 130
    with sqlite3.connect(place.db) as database:
        database.execute("UPDATE runs SET status = 'failed'")
        database.execute("UPDATE attempts SET status = 'failed'")
    for none in ("none", "diverged"):
        code, said = place.call(*place.options, "--retry", none)
        assert (code, attempts(place)) == (3, [["failed"]])
        assert "1 failed before" in said
    assert place.call(*place.options)[0] == 0


@pytest.mark.parametrize("text", ["divergd", "failed;diverged", "", "none,failed", "pruned"])
def test_other_words_are_refused(sweeps: Maker, text: str) -> None:
    place = sweeps("place", *NET, "-s", "linear")
    code, said = place.call(*place.options, "--retry", text)
    assert code == 2
    assert said.removeprefix("planning ...\n").startswith("error: ")
    assert not place.db.exists()
