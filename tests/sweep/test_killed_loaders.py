"""A loading process that the system ends fails its run with a hint; the sweep goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from bench.train.shared_memory import workers_that_fit

Maker = Callable[..., Any]
AUGMENTED = ("-s", "full", "--set", 'augment=["horizontal_flip"]', "--image-size", "32", "--workers", "1")


def kill_one_loader(before: set[int], killed: list[int]) -> None:
    """End the first process that this one starts from now on."""
    deadline = time.monotonic() + 120
    while not killed and time.monotonic() < deadline:
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):  # one that has ended already: git, a compiler
                if child.pid not in before and child.cmdline() == psutil.Process().cmdline():  # it was forked
                    os.kill(child.pid, signal.SIGKILL)
                    killed.append(child.pid)
                    return
        time.sleep(0.01)


def test_a_killed_loader_fails_its_run_with_a_hint_and_the_sweep_goes_on(sweeps: Maker) -> None:
    place, killed = sweeps("killed"), list[int]()
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    watcher = threading.Thread(target=kill_one_loader, args=(before, killed))
    watcher.start()
    code, said = place.call("-m", "timm/test_efficientnet@none", *AUGMENTED, "--epochs", "40", "--seeds", "2")
    watcher.join()
    assert killed
    assert code == 3, said
    said = " ".join(said.split())
    assert "ended by the system" in said
    assert "--workers" in said
    assert "Traceback" not in said
    assert sorted(row["status"] for row in place.rows().values()) == ["done", "failed"]


def test_processes_for_which_shared_memory_has_no_room_are_not_started(tmp_path: Path) -> None:
    assert workers_that_fit(4, 8, 32, tmp_path) == (4, "")
    assert workers_that_fit(4, 8, 32, tmp_path / "none") == (4, "")
    few, note = workers_that_fit(3, 1_000_000, 4096, tmp_path)
    assert few == 0
    assert "--shm-size" in note
    assert "itself" in note
