"""Nothing is lost and nothing is counted twice: searches that are killed, interrupted or crowded."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from bench.errors import StoreError
from bench.store.store import Store

Maker = Callable[..., Any]
LONG = ("--trials", "6", "--space", "strategy=linear,full", "--space", "lr=log", "--set", "early_stopping=null")


def lengthened(place: Any) -> Any:
    """Let a search work for some seconds, and not train heads alone."""
    place.options[place.options.index("--epochs") + 1] = "20"
    at = place.options.index("--strategies")
    del place.options[at : at + 2]
    return place


def outcome(place: Any) -> list[tuple[Any, ...]]:
    return [(t["number"], t["state"], t["value"], t["settings"], t["run_id"]) for t in place.trials()]


@pytest.mark.slow
def test_a_search_killed_at_random_moments_ends_as_an_undisturbed_one(tunings: Maker) -> None:
    calm, killed = lengthened(tunings("calm", *LONG)), lengthened(tunings("killed", *LONG))
    assert calm.call().code == 0
    assert killed.killed(5, seed=0, within=(0.0, 2.5)) >= 2
    last = killed.call()
    assert last.code == 0, last.stderr
    assert outcome(killed) == outcome(calm)
    assert killed.rows() == calm.rows()
    assert not list((killed.folder / "runs.db.files").rglob("*.pt"))


@pytest.mark.slow
def test_an_interrupted_trial_goes_on_at_its_last_epoch(tunings: Maker) -> None:
    place = lengthened(tunings("stopped", *LONG))
    process = place.start()
    epochs = 0
    for _ in range(1200):
        time.sleep(0.05)
        if process.poll() is not None:
            break
        epochs = most_epochs(place)
        if epochs >= 2:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "The same command goes on." in said
    open_ones = [trial for trial in place.trials() if trial["state"] == "open"]
    assert len(open_ones) <= 1
    again = place.call()
    assert again.code == 0, again.stderr
    assert [trial["state"] for trial in place.trials()] == ["done"] * 6
    with Store.open(place.db) as store:
        for trial in open_ones:
            first, *_ = store.attempts(trial["run_id"])
            assert first.status == "interrupted"
            assert [epoch.epoch for epoch in store.epochs(trial["run_id"])] == list(range(1, 21))


def most_epochs(place: Any) -> int:
    try:
        with Store.open(place.db, create=False) as store:
            return max((len(store.epochs(row.run_id)) for row in store.rows()), default=0)
    except StoreError:
        return 0


@pytest.mark.slow
def test_two_processes_on_one_study_make_each_trial_once(tunings: Maker) -> None:
    place = lengthened(tunings("crowd", *LONG))
    processes = [place.start(), place.start()]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert process.returncode in (0, 3), said  # 3: the other process was still at a trial
    assert place.call().code == 0  # tells of what the slower one had just ended
    trials = place.trials()
    assert [trial["state"] for trial in trials] == ["done"] * 6
    assert len({trial["run_id"] for trial in trials}) == 6
    with Store.open(place.db) as store:
        hosts = {attempt.pid for row in store.rows() for attempt in store.attempts(row.run_id)}
        assert all(len(store.attempts(row.run_id)) == 1 for row in store.rows())
    assert len(hosts) == 2
