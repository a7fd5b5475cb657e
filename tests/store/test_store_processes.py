"""Several processes on one database, and what is left when one of them is killed."""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import time
from contextlib import closing

import pytest
import sqlalchemy as sa
import store_processes
from example_runs import PROVENANCE, plans, sweep

from bench.store.store import Store
from bench.store.worker import Process, new_worker, this_host

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["store_processes", "bench.store.store"])


def begin(target, *args):
    """Start a process that answers through a pipe."""
    here, there = CONTEXT.Pipe()
    process = CONTEXT.Process(target=target, args=(*args, there))
    process.start()
    there.close()
    return process, here


def outcome(url):
    """Return what a sweep has left behind, without what differs from one time to the next."""
    with Store.open(url, create=False) as store:
        return [
            (row._replace(status_at=0, created_at=0), store.epochs(row.run_id)) for row in sorted(store.rows())
        ]


def test_processes_that_open_a_new_database_at_once_all_succeed(url, tmp_path):
    soon = time.time() + 1
    begun = [begin(store_processes.open_at, url, soon) for _ in range(6)]
    assert [answers.recv() for _, answers in begun] == [0] * 6
    assert list(tmp_path.glob("*.bak*")) == [], "one took the tables that another had just made for old ones"


def test_eight_processes_claim_each_of_200_runs_exactly_once(store, url):
    runs, run_ids = plans(200)
    store.plan(sweep(run_ids), runs)
    soon = time.time() + 1
    begun = [begin(store_processes.claim_all, url, soon) for _ in range(8)]
    claimed = [answers.recv() for _, answers in begun]
    for process, answers in begun:
        answers.send("all have claimed")
        process.join()
    assert sorted(run_id for mine in claimed for run_id in mine) == sorted(run_ids)
    assert sum(bool(mine) for mine in claimed) > 1, "one process was alone: the others did not compete"


def test_a_killed_process_frees_its_run_at_once_and_a_living_one_keeps_it(store, url):
    runs, run_ids = plans(3)
    store.plan(sweep(run_ids), runs)
    process, answers = begin(store_processes.claim_one_and_wait, url)
    assert answers.recv() == run_ids[0]
    assert store.others_running(run_ids) == [run_ids[0]]
    assert store.claim(run_ids[:1], store.worker(), PROVENANCE) is None
    process.kill()
    process.join()
    assert store.others_running(run_ids) == []
    assert store.claim(run_ids[:1], store.worker(), PROVENANCE).number == 2
    assert store.attempts(run_ids[0])[0].error_type == "LeaseExpired"


def test_a_process_that_has_only_taken_a_dead_ones_id_is_another_process():
    ours = new_worker().process
    assert not ours.is_gone
    assert Process(ours.host, ours.pid, ours.started_at - 3600).is_gone
    assert not Process("elsewhere", ours.pid, ours.started_at - 3600).is_gone


def test_a_process_that_is_dead_but_not_yet_buried_is_gone():
    child = os.fork()
    if child == 0:
        os._exit(0)
    try:
        deadline = time.time() + 10
        while not (gone := Process(this_host(), child, time.time()).is_gone) and time.time() < deadline:
            time.sleep(0.01)
        assert gone
    finally:
        os.waitpid(child, 0)


def test_a_sweep_killed_at_twenty_random_moments_ends_as_an_undisturbed_one(tmp_path):
    count, kills = 100, 20
    killed, undisturbed = str(tmp_path / "killed.db"), str(tmp_path / "undisturbed.db")
    process, _ = begin(store_processes.work, undisturbed, count)
    process.join()
    moments = random.Random(0)  # noqa: S311 - moments, not secrets
    for _ in range(kills):
        process, answers = begin(store_processes.work, killed, count)
        if moments.random() < 0.8:
            answers.recv()
        time.sleep(moments.uniform(0, 0.4))
        process.kill()
        process.join()
        with closing(sqlite3.connect(killed)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    process, _ = begin(store_processes.work, killed, count)
    process.join()
    assert outcome(killed) == outcome(undisturbed)
    assert len(outcome(killed)) == count
    with Store.open(killed) as store:
        attempts = [attempt.status for row in store.rows() for attempt in store.attempts(row.run_id)]
    assert attempts.count("done") == count
    assert attempts.count("interrupted") >= 1, "no kill hit a run at work"


def test_a_plan_that_fails_half_way_leaves_nothing(store):
    runs, run_ids = plans(3)
    with pytest.raises(sa.exc.IntegrityError):
        store.plan(sweep((*run_ids, "0" * 64)), runs)
    assert store.rows() == []
    assert store.sweeps() == []
