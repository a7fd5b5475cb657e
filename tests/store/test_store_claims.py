"""Who works on which run. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa
from example_runs import PROVENANCE, epoch, result
from store_steps import expire, plan, sql, take

from bench.errors import DivergedError, RecipeError
from bench.store import claims
from bench.store.failures import LeaseLostError


class TestClaims:
    def test_runs_are_claimed_in_the_order_that_is_asked_for(self, store):
        a, b, c = plan(store)
        worker = store.worker()
        assert [take(store, (c, a, b), worker).run_id for _ in range(3)] == [c, a, b]
        assert store.claim((c, a, b), worker, PROVENANCE) is None

    def test_a_run_that_is_unknown_is_never_claimed(self, store):
        assert store.claim(("0" * 64,), store.worker(), PROVENANCE) is None

    def test_more_runs_than_one_statement_can_name_are_claimed_and_counted(self, store):
        run_ids = plan(store, 1)
        many = tuple(f"{number:064x}" for number in range(40_000)) + run_ids
        assert take(store, many).run_id == run_ids[0]
        assert store.statuses(many) == {run_ids[0]: "running"}

    @pytest.mark.parametrize("status", ["done", "diverged"])
    def test_a_run_with_an_outcome_is_never_claimed(self, store, status):
        run_ids = plan(store, 1)
        claim = take(store, run_ids)
        if status == "done":
            store.finish(claim, result())
        else:
            store.fail(claim, "diverged", DivergedError("The loss is NaN."))
        assert store.statuses(run_ids) == {run_ids[0]: status}
        assert store.claim(run_ids, store.worker(), PROVENANCE) is None

    def test_a_failed_run_is_tried_again_by_the_next_sweep_but_not_by_its_own(self, store):
        run_ids = plan(store, 1)
        worker = store.worker()
        store.fail(take(store, run_ids, worker), "failed", RecipeError("no"))
        assert store.claim(run_ids, worker, PROVENANCE) is None
        assert store.claim(run_ids, store.worker(), PROVENANCE, retry=()) is None
        assert take(store, run_ids).number == 2

    def test_a_diverged_run_is_tried_again_only_where_that_is_asked_for(self, store):
        run_ids = plan(store, 1)
        worker = store.worker()
        store.fail(take(store, run_ids, worker), "diverged", DivergedError("The loss is NaN."))
        assert store.claim(run_ids, store.worker(), PROVENANCE) is None
        assert store.claim(run_ids, worker, PROVENANCE, retry={"diverged"}) is None  # not by its own sweep
        assert store.claim(run_ids, store.worker(), PROVENANCE, retry={"failed", "diverged"}).number == 2
        assert [attempt.status for attempt in store.attempts(run_ids[0])] == ["diverged", "running"]

    def test_an_interrupted_run_is_claimed_again(self, store):
        run_ids = plan(store, 1)
        store.fail(take(store, run_ids), "interrupted")
        assert take(store, run_ids).number == 2
        assert [attempt.status for attempt in store.attempts(run_ids[0])] == ["interrupted", "running"]

    def test_others_running_leaves_out_our_own_and_the_dead(self, store):
        run_ids = plan(store)
        ours = store.worker()
        take(store, run_ids, ours)
        theirs = take(store, run_ids)
        expire(store, take(store, run_ids))
        assert store.others_running(run_ids, ours) == [theirs.run_id]


class TestLeases:
    def test_a_lease_that_has_run_out_is_taken_over(self, store):
        run_ids = plan(store, 1)
        first = take(store, run_ids)
        expire(store, first)
        second = take(store, run_ids)
        assert (second.run_id, second.number) == (first.run_id, 2)
        assert [attempt.status for attempt in store.attempts(first.run_id)] == ["interrupted", "running"]

    def test_a_lost_lease_cannot_write(self, store):
        run_ids = plan(store, 1)
        lost = take(store, run_ids)
        expire(store, lost)
        take(store, run_ids)
        before = (store.rows(), store.attempts(lost.run_id), store.epochs(lost.run_id))
        for write in (
            lambda: store.heartbeat(lost),
            lambda: store.record_epoch(lost, epoch(1)),
            lambda: store.finish(lost, result()),
            lambda: store.fail(lost, "failed", RecipeError("no")),
        ):
            with pytest.raises(LeaseLostError, match="no longer this process's"):
                write()
        assert (store.rows(), store.attempts(lost.run_id), store.epochs(lost.run_id)) == before

    @pytest.mark.parametrize("renew", ["heartbeat", "record_epoch"])
    def test_a_lease_that_nobody_took_lives_again_with_the_next_sign_of_life(self, store, renew):
        run_ids = plan(store, 1)
        claim = take(store, run_ids)
        expire(store, claim)
        if renew == "heartbeat":
            store.heartbeat(claim)
        else:
            store.record_epoch(claim, epoch(1))
        assert store.claim(run_ids, store.worker(), PROVENANCE) is None
        assert store.others_running(run_ids) == list(run_ids)

    def test_a_heartbeat_at_the_last_moment_keeps_the_lease_from_who_thought_it_dead(self, store):
        run_ids = plan(store, 1)
        claim = take(store, run_ids)
        expire(store, claim)
        with store.sessions.reading() as session:
            (seen,) = claims._open_runs(session, run_ids, ["running"])
        store.heartbeat(claim)
        with store.sessions.writing() as session:
            assert not claims._take(session, seen, now=time.time())
        store.finish(claim, result())

    def test_the_database_itself_allows_one_running_attempt_per_run(self, store):
        run_ids = plan(store, 1)
        take(store, run_ids)
        first = "run_id, status, worker_id, host, pid, process_started_at, lease_expires_at, started_at"
        columns = f"{first}, hardware, provenance"
        copy = f"INSERT INTO attempts (number, {columns}) SELECT 2, {columns} FROM attempts"  # noqa: S608 - our columns
        with pytest.raises(sa.exc.IntegrityError):
            sql(store, copy)
