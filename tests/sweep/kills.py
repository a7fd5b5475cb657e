"""Sweeps whose processes are killed (SIGKILL) inside the runs that they have claimed, and what is left of them."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from command_processes import timeless_rows

from bench.store.artifacts import Artifacts
from bench.store.store import Store

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["bench.sweep.session", "bench.__main__"])


def run_command(words: list[str], home: str) -> None:
    """Be the command line, in a process forked from one that has imported torch; what it prints is in its home."""
    from bench.__main__ import main

    os.environ["BENCH_HOME"] = home
    sys.argv = ["bench", *words]
    Path(home).mkdir(parents=True, exist_ok=True)
    with Path(home, "output.txt").open("w") as output:
        sys.stdout = sys.stderr = output
        main()


def run_command_killed_at(module: str, name: str, count: int, words: list[str], home: str) -> None:
    """Be the command line, and kill this process at the n-th call of a function; each epoch is saved."""
    import bench.train.run_state

    owner: Any = importlib.import_module(module.partition(":")[0])
    for part in filter(None, module.partition(":")[2].split(".")):
        owner = getattr(owner, part)
    real, calls = getattr(owner, name), itertools.count(1)

    def counted(*args: Any, **named: Any) -> Any:
        if next(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **named)

    setattr(owner, name, counted)
    bench.train.run_state.SAVE_EVERY_S = 0.0
    run_command(words, home)


def start(words: list[str], home: Path) -> Any:
    """Start a command in a process of its own."""
    return _started(run_command, words, str(home))


def start_killed_at(place: tuple[str, str, int], words: list[str], home: Path) -> Any:
    """Start a command in a process that kills itself at the n-th call of a function: (module, name, n)."""
    return _started(run_command_killed_at, *place, words, str(home))


def _started(target: Callable[..., None], *args: Any) -> Any:
    process = CONTEXT.Process(target=target, args=args)
    process.start()
    return process


@dataclass
class Killed:
    """A sweep by several processes on one database, which are killed at random moments inside claimed runs."""

    db: str
    words: list[str]
    home: Path
    processes: int
    seed: int

    def work(self, kills: int, within_s: float = 0.4) -> int:
        """Sweep to the end; return how many of the kills hit a process that held a run, `kills` at most."""
        moments, hits = random.Random(self.seed), 0  # noqa: S311 - moments, not secrets
        alive = [start(self.words, self.home) for _ in range(self.processes)]
        while hits < kills and any(process.is_alive() for process in alive):
            at_work = [process for process in alive if process.pid in self.holders()]
            if not at_work:
                time.sleep(0.02)
                continue
            time.sleep(moments.uniform(0, within_s))
            victim = moments.choice(at_work)
            victim.kill()
            victim.join()
            hits += victim.pid in self.holders()
            alive[alive.index(victim)] = start(self.words, self.home)
        for process in alive:
            process.join(600)
        last = start(self.words, self.home)
        last.join(600)
        assert last.exitcode == 0
        return hits

    def holders(self) -> set[int]:
        """Return the processes that hold a run by the database, without ending the dead ones."""
        import sqlalchemy as sa

        from bench.store.engine import Database
        from bench.store.location import locate

        with contextlib.suppress(Exception):  # it is being made
            database = Database(locate(self.db), create=False)
            try:
                with database.engine.connect() as connection:
                    found = connection.execute(sa.text("SELECT pid FROM attempts WHERE status = 'running'"))
                    return {row.pid for row in found}
            finally:
                database.close()
        return set()


def everything(db: str) -> dict[str, Any]:
    """Return all that a sweep has measured: rows, epochs and predictions, without what the clock decides."""
    found: dict[str, Any] = {}
    rows = timeless_rows(db)
    with Store.open(db, create=False) as store:
        artifacts = Artifacts.beside(store.location)
        for run_id, row in rows.items():
            kept = artifacts.predictions(run_id)
            epochs = [(e.epoch, e.steps, e.lr, e.train_loss, e.val) for e in store.epochs(run_id)]
            logits = [np.ascontiguousarray(part.logits).tobytes() for part in (kept.val, kept.test)]
            found[run_id] = (row, epochs, logits)
        wrong = [a for run_id in rows for a in store.attempts(run_id) if a.status == "running"]
        assert not wrong
    return found
