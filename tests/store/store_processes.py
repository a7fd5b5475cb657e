"""What other processes do to a database: each opens it for itself, as a sweep does."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from example_runs import PROVENANCE, epoch, plans, result, sweep

from bench.store.store import Store

EPOCHS = 3
EPOCH_S = 0.01
NOBODY = 65534


def as_somebody_else(task: Callable[..., object], *args: object) -> object:
    """Return what a task returns in a process that permissions hold for: root's do not.

    The process is forked, since the other user may not be allowed to start our Python.
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_as_nobody, args=(there, task, args))
    process.start()
    there.close()
    answer = here.recv()
    process.join()
    return answer


def _as_nobody(there: Connection, task: Callable[..., object], args: tuple[object, ...]) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    there.send(task(*args))


def open_at(url: str, start: float, answers: Connection) -> None:
    """Open a database at a given moment and say how many runs it has."""
    time.sleep(max(0.0, start - time.time()))
    with Store.open(url) as store:
        answers.send(len(store.rows()))


def claim_all(url: str, start: float, answers: Connection) -> None:
    """Claim runs until there are no more, say which, and live on until told: the dead hold no claims."""
    _, run_ids = plans(200)
    claimed = []
    with Store.open(url) as store:
        worker = store.worker()
        time.sleep(max(0.0, start - time.time()))
        while (claim := store.claim(run_ids, worker, PROVENANCE)) is not None:
            claimed.append(claim.run_id)
        answers.send(claimed)
        answers.recv()


def claim_one_and_wait(url: str, answers: Connection) -> None:
    """Claim a run, say which, and do nothing more."""
    _, run_ids = plans(3)
    with Store.open(url) as store:
        claim = store.claim(run_ids, store.worker(), PROVENANCE)
        answers.send(claim.run_id)
        time.sleep(60)


def work(url: str, count: int, answers: Connection) -> None:
    """Be a sweep without training: plan, then claim, go on at the last epoch, record and finish, to the end."""
    runs, run_ids = plans(count)
    with Store.open(url) as store:
        store.plan(sweep(run_ids), runs)
        answers.send("planned")
        worker = store.worker()
        while (claim := store.claim(run_ids, worker, PROVENANCE)) is not None:
            for number in range(len(store.epochs(claim.run_id)) + 1, EPOCHS + 1):
                store.record_epoch(claim, epoch(number))
                time.sleep(EPOCH_S)
            store.finish(claim, result())


def shifted(seconds: float, task: Callable[..., object], *args: object) -> object:
    """Return what a task returns in a process whose clock is wrong by so much."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_shifted, args=(there, seconds, task, args))
    process.start()
    there.close()
    answer = here.recv()
    process.join()
    return answer


def _shifted(there: Connection, seconds: float, task: Callable[..., object], args: tuple[object, ...]) -> None:
    right = time.time
    time.time = lambda: right() + seconds
    there.send(task(*args))


def claim_one(url: str) -> str | None:
    """Claim a run and leave it; returns which."""
    _, run_ids = plans(3)
    with Store.open(url) as store:
        claim = store.claim(run_ids[:1], store.worker(), PROVENANCE)
        return claim and claim.run_id


def statuses(url: str) -> list[str]:
    """Look at a database."""
    with Store.open(url, create=False) as store:
        return [row.status for row in store.rows()]


def fail_one(url: str) -> None:
    """Claim a run, and record that it failed."""
    _, run_ids = plans(3)
    with Store.open(url) as store:
        claim = store.claim(run_ids[:1], store.worker(), PROVENANCE)
        store.fail(claim, "failed", ValueError("wrong"))


def claim_and_beat(url: str, answers: Connection) -> None:
    """Claim a run under a clock that is a day ahead, and keep it until told."""
    right = time.time
    time.time = lambda: right() + 86_400
    _, run_ids = plans(3)
    with Store.open(url) as store:
        claim = store.claim(run_ids[:1], store.worker(), PROVENANCE)
        store.heartbeat(claim)
        answers.send(claim.run_id)
        answers.recv()
