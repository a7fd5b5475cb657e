"""How commands end: 143 after SIGTERM, 130 after SIGINT, 3 while something runs elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from plausible_runs import provenance

from bench.errors import EXIT_CODES
from bench.store.store import Store

SWEEP = ("sweep", "-d", "digits", "-m", "timm/test_efficientnet@none", "-s", "full", "--image-size", "32",
         "--set", "batch_size=4", "--set", "early_stopping=null", "--epochs", "300")  # fmt: skip


def start(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench", *map(str, words)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def wait_for(db, status: str) -> list[str]:
    for _ in range(600):
        time.sleep(0.2)
        if db.exists():
            with Store.open(db) as store:
                if found := [row.run_id for row in store.rows(status=status)]:
                    return found
    raise AssertionError(f"nothing became {status}")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_the_run_interrupted_and_says_by_the_exit_code_which_it_was(tmp_path, number, code):
    process = start(*SWEEP, "--db", tmp_path / "runs.db")
    (run_id,) = wait_for(tmp_path / "runs.db", "running")
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "the same command goes on" in said
    with Store.open(tmp_path / "runs.db") as store:
        (attempt,) = store.attempts(run_id)
    assert (attempt.status, attempt.error_type) == ("interrupted", "StoppedError")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_that_trains_nothing_says_too_which_signal_ended_it(typical_db, tmp_path, number, code):
    process = start("report", "--db", typical_db, "-o", tmp_path / "site", "--watch", "--port", 0)
    assert process.stderr is not None
    while "Ctrl-C ends it" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code


@pytest.mark.slow
def test_a_sweep_whose_runs_another_process_is_at_exits_3(tmp_path):
    db = tmp_path / "runs.db"
    planned = start(*SWEEP, "--db", db, "--time-limit", "0s")
    planned.communicate(timeout=120)
    with Store.open(db) as store:
        ids = [row.run_id for row in store.rows()]
        assert store.claim(ids, store.worker(), provenance()) is not None
        other = start(*SWEEP, "--db", db)
        _, said = other.communicate(timeout=120)
    assert other.returncode == 3, said
    assert "1 running elsewhere" in said


def test_help_lists_every_exit_code():
    done = subprocess.run([sys.executable, "-m", "bench", "--help"], capture_output=True, text=True, check=True)
    shown = " ".join(done.stdout.split())
    for code, meaning in EXIT_CODES.items():
        assert f"{code}: {meaning}" in shown
