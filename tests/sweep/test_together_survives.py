"""Sweeps whose runs train together, in processes of their own: killed, interrupted, crowded, out of time."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import library_model

from bench.errors import StoreError
from bench.spec import BackboneSpec

Maker = Callable[..., Any]
SEEDS = 6


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The options of a sweep of one company: the same weights, a head for each seed, seconds of epochs."""
    path = tmp_path_factory.mktemp("weights") / "net.pth"
    torch.save(
        library_model(BackboneSpec(library="timm", architecture="test_efficientnet"), 32).state_dict(), path
    )
    return options(path)


def options(weights: Path) -> tuple[str, ...]:
    return ("-m", f"timm/test_efficientnet@file:{weights}", "-s", "linear", "--seeds", str(SEEDS), "--image-size",
            "32", "--epochs", "60", "--set", "batch_size=2", "--set", "early_stopping=null")  # fmt: skip


def wait_for_epochs(place: Any, count: int) -> None:
    for _ in range(600):
        time.sleep(0.05)
        with contextlib.suppress(StoreError):
            if any(len(found) >= count for found in place.epochs().values()):
                return
    raise AssertionError("no epoch was recorded")


def same(one: Any, other: Any) -> None:
    assert one.rows() == other.rows()
    assert one.epochs() == other.epochs()


@pytest.mark.slow
def test_killed_at_random_moments_they_end_as_undisturbed(sweeps: Maker, together: tuple[str, ...]) -> None:
    calm, killed = sweeps("calm", *together), sweeps("killed", *together)
    assert calm.run().returncode == 0
    assert killed.killed_at_random(5, seed=2, within=(0.2, 3.0)) >= 3
    last = killed.run()
    assert last.returncode == 0, last.stderr
    same(killed, calm)
    assert not list((killed.folder / "runs.db.files").rglob("*.pt"))


@pytest.mark.slow
def test_interrupted_they_all_go_on_at_their_last_epochs(sweeps: Maker, together: tuple[str, ...]) -> None:
    from bench.store.store import Store

    calm, stopped = sweeps("calm", *together), sweeps("stopped", *together)
    process = stopped.start()
    wait_for_epochs(stopped, 3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert f"{SEEDS} left: the same command goes on" in said
    assert {row["status"] for row in stopped.rows().values()} == {"interrupted"}
    epochs = [len(found) for found in stopped.epochs().values()]
    assert max(epochs) - min(epochs) <= 1  # it may come while they end an epoch, one after another
    assert stopped.run().returncode == calm.run().returncode == 0
    same(stopped, calm)
    with Store.open(stopped.db) as store:
        again = [len(store.attempts(row.run_id)) for row in store.rows()]
    assert again == [2] * SEEDS


@pytest.mark.slow
def test_two_sweeps_at_once_train_every_run_once(sweeps: Maker, together: tuple[str, ...]) -> None:
    from bench.store.store import Store

    crowd = sweeps("crowd", *together)
    for process in [crowd.start(), crowd.start()]:
        _, said = process.communicate(timeout=300)
        assert process.returncode in (0, 3), said  # 3: the other process was still at a run
    with Store.open(crowd.db) as store:
        attempts = [[attempt.status for attempt in store.attempts(row.run_id)] for row in store.rows()]
    assert attempts == [["done"]] * SEEDS


def test_out_of_time_they_are_all_left_for_later(sweeps: Maker, together: tuple[str, ...]) -> None:
    hasty = sweeps("hasty", *together)
    code, said = hasty.call(*together, "--time-limit", "0.4s")
    assert code == 130, said
    assert {row["status"] for row in hasty.rows().values()} <= {"planned", "interrupted"}
    code, said = hasty.call(*together)
    assert code == 0, said
    assert {row["status"] for row in hasty.rows().values()} == {"done"}
