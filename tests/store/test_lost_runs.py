"""Runs whose process ended without a word, processes that were only slow, and clocks that are wrong."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
import store_processes
from example_runs import PROVENANCE, epoch, result
from store_steps import expire, plan, take
from test_store_processes import begin

from bench.store.failures import LeaseLostError
from bench.store.leases import LOST_IN_A_ROW
from bench.store.store import Store

DAY_S = 86_400.0


def killed(url: str) -> str:
    """Leave a run behind whose process was killed; returns its id."""
    process, answers = begin(store_processes.claim_one_and_wait, url)
    run_id = answers.recv()
    process.kill()
    process.join()
    return run_id


def test_a_run_whose_process_was_killed_ends_as_soon_as_anybody_opens_the_database(store, url):
    plan(store)
    run_id = killed(url)
    assert store.run(run_id).row.status == "running", "nobody has looked yet"
    with Store.open(url, create=False) as reader:
        assert reader.run(run_id).row.status == "interrupted"
        assert reader.rows(status="running") == []
        assert sum(reader.sweep_work.statuses()[1].values()) == 3
        (attempt,) = reader.attempts(run_id)
    assert (attempt.status, attempt.error_type) == ("interrupted", "LeaseExpired")
    assert attempt.error_todo == "The same command goes on with the run."
    assert attempt.finished_at == pytest.approx(attempt.started_at, abs=5), "when it was last heard of"
    assert take(store, (run_id,)).number == 2


def test_a_living_run_is_left_alone_by_those_who_look(store, url):
    run_ids = plan(store, 1)
    claim = take(store, run_ids)
    with Store.open(url, create=False) as reader:
        assert reader.statuses(run_ids) == {run_ids[0]: "running"}
    store.finish(claim, result())


def test_a_database_that_may_only_be_read_shows_a_lost_run_as_interrupted(path, tmp_path):
    with Store.open(path) as store:
        run_ids = plan(store)
        run_id = killed(str(path))
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    before = path.read_bytes()
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent == Path(tempfile.gettempdir()):
            break
        parent.chmod(0o755)
    seen = store_processes.as_somebody_else(_look, str(path), run_id)
    assert seen == (["interrupted", "planned", "planned"], 1, 0, ["interrupted"], {"interrupted": 1, "planned": 2})
    assert path.read_bytes() == before
    assert len(run_ids) == 3


def _look(path: str, run_id: str) -> object:
    with Store.open(path, create=False) as store:
        return (
            sorted(row.status for row in store.rows()),
            len(store.rows(status="interrupted")),
            len(store.rows(status="running")),
            [attempt.status for attempt in store.attempts(run_id)],
            store.sweep_work.statuses()[1],
        )


def test_a_process_that_was_only_slow_goes_on_after_somebody_saw_it_silent(store):
    run_ids = plan(store, 1)
    slow = take(store, run_ids)
    expire(store, slow)
    store.end_lost()
    assert store.statuses(run_ids) == {run_ids[0]: "interrupted"}
    store.record_epoch(slow, epoch(1))
    assert store.statuses(run_ids) == {run_ids[0]: "running"}
    store.finish(slow, result())
    (attempt,) = store.attempts(run_ids[0])
    assert (attempt.status, attempt.error_type) == ("done", None)


def test_two_who_find_a_silent_process_retry_its_run_once_and_its_late_result_is_refused(store, url):
    run_ids = plan(store, 1)
    slow = take(store, run_ids)
    expire(store, slow)
    with Store.open(url) as one, Store.open(url) as other:
        claims = [opened.claim(run_ids, opened.worker(), PROVENANCE) for opened in (one, other)]
        assert [claim.number for claim in claims if claim] == [2]
        with pytest.raises(LeaseLostError):
            store.finish(slow, result())
        one.finish(next(filter(None, claims)), result())
    with pytest.raises(LeaseLostError):
        store.heartbeat(slow)
    assert [attempt.status for attempt in store.attempts(run_ids[0])] == ["interrupted", "done"]


def test_a_run_that_ends_its_processes_fails_and_only_the_next_sweep_tries_it_again(store, url):
    (run_id,) = plan(store, 3)[:1]
    worker = store.worker()
    for _ in range(LOST_IN_A_ROW):
        assert killed(url) == run_id
    assert store.claim((run_id,), worker, PROVENANCE) is None
    assert store.statuses((run_id,)) == {run_id: "failed"}
    last = store.attempts(run_id)[-1]
    assert "3 times in a row" in str(last.error_what)
    assert "smaller batch_size" in str(last.error_todo)
    claim = take(store, (run_id,))
    assert claim.number == LOST_IN_A_ROW + 1
    store.record_epoch(claim, epoch(1))
    expire(store, claim)
    store.end_lost()
    assert store.statuses((run_id,)) == {run_id: "interrupted"}, "it came further than before"


@pytest.mark.parametrize("by", [DAY_S, -DAY_S])
def test_a_process_whose_clock_is_wrong_takes_no_living_run(store, url, by):
    run_ids = plan(store)
    claim = take(store, run_ids)
    if url.startswith("postgresql"):
        store.close()  # a forked process must not share our connections
    assert store_processes.shifted(by, store_processes.claim_one, url) is None
    assert "running" in store_processes.shifted(by, store_processes.statuses, url)
    with Store.open(url) as again:
        again.finish(claim, result())


def test_the_run_of_a_process_whose_clock_is_wrong_is_kept_while_it_lives_and_freed_after(store, url):
    run_ids = plan(store)
    process, answers = begin(store_processes.claim_and_beat, url)
    assert answers.recv() == run_ids[0]
    store.end_lost()
    assert store.statuses(run_ids[:1]) == {run_ids[0]: "running"}
    assert store.claim(run_ids[:1], store.worker(), PROVENANCE) is None
    process.kill()
    process.join()
    assert take(store, run_ids[:1]).number == 2, "its lease would have lasted a day by this clock"


def test_what_failed_under_a_wrong_clock_is_tried_again_by_the_next_sweep(url):
    with Store.open(url) as store:
        run_ids = plan(store)
    store_processes.shifted(DAY_S, store_processes.fail_one, url)
    with Store.open(url) as store:
        assert take(store, run_ids[:1]).number == 2
