"""Nothing is lost: killed, interrupted and crowded sweeps end as an undisturbed one does."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from bench.errors import StoreError

Maker = Callable[..., Any]
NET = "timm/test_efficientnet@none"
SHORT = (
    "-m",
    NET,
    "-s",
    "linear,norm",
    "--seeds",
    "2",
    "--image-size",
    "32",
    "--epochs",
    "3",
    "--set",
    "batch_size=8",
)
LONG = ("-m", NET, "-s", "linear,last_blocks(1),full", "--seeds", "3", "--image-size", "64", "--epochs", "25",
        "--set", "batch_size=2", "--set", "early_stopping=null")  # fmt: skip


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_sweep_killed_at_20_random_moments_ends_with_the_rows_of_an_undisturbed_one(sweeps: Maker) -> None:
    calm, killed = sweeps("calm", *LONG), sweeps("killed", *LONG)
    assert calm.run().returncode == 0
    assert killed.killed_at_random(20, seed=0) >= 10
    last = killed.run()
    assert last.returncode == 0, last.stderr
    assert killed.rows() == calm.rows()
    assert killed.epochs() == calm.epochs()
    assert not list((killed.folder / "runs.db.files").rglob("*.pt"))
    assert not list((killed.folder / "runs.db.files").rglob(".*"))


def test_an_interrupted_run_goes_on_at_its_last_epoch(sweeps: Maker) -> None:
    calm, stopped = sweeps("calm", *LONG, "--limit", "9"), sweeps("stopped", *LONG, "--limit", "9")
    process = stopped.start()
    for _ in range(600):
        time.sleep(0.05)
        with contextlib.suppress(StoreError):
            if any(len(found) >= 3 for found in stopped.epochs().values()):
                break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "the same command goes on" in said
    statuses = [row["status"] for row in stopped.rows().values()]
    assert statuses.count("interrupted") == 1
    assert stopped.run().returncode == 0
    assert calm.run().returncode == 0
    assert stopped.rows() == calm.rows()
    assert stopped.epochs() == calm.epochs()


def test_two_sweeps_at_once_run_every_spec_once(sweeps: Maker) -> None:
    from bench.store.store import Store

    crowd = sweeps("crowd", *SHORT)
    processes = [crowd.start(), crowd.start()]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert process.returncode in (0, 3), said  # 3: the other process was still at a run
    with Store.open(crowd.db) as store:
        attempts = {row.run_id: store.attempts(row.run_id) for row in store.rows()}
    assert len(attempts) == 4
    assert all([attempt.status for attempt in tries] == ["done"] for tries in attempts.values())


def test_a_finished_sweep_run_again_does_nothing(sweeps: Maker) -> None:
    again = sweeps("again", *SHORT)
    assert again.run().returncode == 0
    before = again.rows()
    second = again.run()
    assert second.returncode == 0
    assert "4 done before" in second.stderr
    assert again.rows() == before


def test_a_wider_sweep_does_only_what_is_new(sweeps: Maker) -> None:
    wide = sweeps("wide", *SHORT)
    assert wide.run().returncode == 0
    wider = wide.run(*SHORT[:5], "3", *SHORT[6:])
    assert "4 done before" in wider.stderr
    assert "2 done," in wider.stderr
    assert len(wide.rows()) == 6


def test_a_diverged_run_is_a_row_that_never_ranks_and_the_sweep_goes_on(sweeps: Maker) -> None:
    from bench.report.board.query import Query
    from bench.report.board.tables import leaderboard
    from bench.store.store import Store

    wild = sweeps("wild", "-m", NET, "-s", "full", "--image-size", "32", "--epochs", "3", "--seeds", "2", "--set",
                  "optimizer=sgd", "--set", "lr=1e30", "--set", "clip_grad_norm=null")  # fmt: skip
    ended = wild.run()
    assert ended.returncode == 3, ended.stderr
    assert [row["status"] for row in wild.rows().values()] == ["diverged", "diverged"]
    with Store.open(wild.db) as store:
        assert leaderboard(store.rows(), Query()) == []


def test_the_time_limit_leaves_the_rest_for_later(sweeps: Maker) -> None:
    hasty = sweeps("hasty", *SHORT)
    ended = hasty.run(*SHORT, "--time-limit", "0.01s")
    assert ended.returncode == 130
    assert {row["status"] for row in hasty.rows().values()} <= {"planned", "interrupted"}
    assert hasty.run().returncode == 0
    assert {row["status"] for row in hasty.rows().values()} == {"done"}


def test_what_a_run_keeps_is_there_and_traceable(sweeps: Maker) -> None:
    from bench.store.artifacts import Artifacts
    from bench.store.store import Store

    kept = sweeps("kept", *SHORT, "--keep-checkpoints")
    assert kept.run().returncode == 0
    with Store.open(kept.db) as store:
        files = Artifacts.beside(store.location)
        for row in store.rows():
            stored = store.run(row.run_id[:10])
            assert stored.spec.run_id == row.run_id
            made = files.predictions(row.run_id)
            assert made.test.logits.shape == (20, 4)
            assert (made.test.logits.argmax(axis=1) == made.test.labels).mean() == row.test_top1
            assert (made.val.logits.argmax(axis=1) == made.val.labels).mean() == row.val_top1
            assert files.model_path(row.run_id).stat().st_size >= row.stored_bytes
            provenance = store.attempts(row.run_id)[0].provenance
            assert {"versions", "hardware", "threads", "command"} <= provenance.keys()
