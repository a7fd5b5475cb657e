"""What came of sweeps: attempts, passes and who planned a run. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from example_runs import HARDWARE, PROVENANCE, feature_pass, plans, result, sweep, uncached_result
from store_steps import expire, plan, sql, take

from bench.errors import RecipeError


def two_sweeps(store, first=3, from_run=1, count=3):
    """Two sweeps that share runs: the first of `first` runs, the second from `from_run` on."""
    runs, ids = plans(count)
    one = store.plan(sweep(ids[:first]), runs[:first])
    return ids, one, store.plan(sweep(ids[from_run:]), runs[from_run:])


class TestWhoPlanned:
    def test_a_run_names_every_sweep_that_planned_it_oldest_first(self, store):
        ids, one, two = two_sweeps(store, first=2)
        assert store.sweep_work.planned_by() == {ids[0]: (one,), ids[1]: (one, two), ids[2]: (two,)}

    def test_only_the_runs_that_are_asked_for_are_answered(self, store):
        ids, one, two = two_sweeps(store, first=2)
        assert store.sweep_work.planned_by([ids[1], "0" * 64]) == {ids[1]: (one, two)}
        assert store.sweep_work.planned_by([]) == {}

    def test_more_runs_than_a_statement_can_name_are_answered(self, store):
        runs, ids = plans(1200)
        only = store.plan(sweep(ids), runs)
        assert store.sweep_work.planned_by(ids) == dict.fromkeys(ids, (only,))


class TestStatuses:
    def test_runs_are_counted_by_status_in_every_sweep_that_planned_them(self, store):
        ids, one, two = two_sweeps(store)
        store.finish(take(store, ids[:1]), result())
        store.fail(take(store, ids[1:2]), "failed", RecipeError("what", "why", "todo"))
        assert store.sweep_work.statuses() == {
            one: {"done": 1, "failed": 1, "planned": 1},
            two: {"failed": 1, "planned": 1},
        }

    def test_a_sweep_of_nothing_and_a_database_without_sweeps_count_nothing(self, store):
        assert store.sweep_work.statuses() == {}
        store.plan(replace(sweep(()), rejected=()), [])
        assert store.sweep_work.statuses() == {}


class TestAttempts:
    def test_attempts_come_in_the_order_they_began_with_how_they_ended(self, store):
        ids = plan(store, 2)
        failed = take(store, ids[:1])
        store.fail(failed, "failed", RecipeError("what", "why", "todo"))
        store.finish(take(store, ids[1:]), result())
        running = take(store, ids[:1])
        found = store.sweep_work.attempts(1)
        assert [(a.run_id, a.number, a.status) for a in found] == [
            (ids[0], 1, "failed"), (ids[1], 1, "done"), (running.run_id, 2, "running"),
        ]  # fmt: skip
        assert (found[0].error_type, found[0].error_what, found[0].error_why) == ("RecipeError", "what", "why")
        assert {a.command for a in found} == {PROVENANCE.command}
        assert {a.hardware for a in found} == {HARDWARE}

    def test_an_attempt_was_seen_when_it_ended_and_a_running_one_at_its_last_sign_of_life(self, store):
        ids = plan(store, 2)
        store.finish(take(store, ids[:1]), result())
        running = take(store, ids[1:])
        store.heartbeat(running)
        done, open_ = store.sweep_work.attempts(1)
        assert done.seen_at == done.finished_at
        assert open_.finished_at is None
        assert open_.started_at <= open_.seen_at < open_.started_at + 30

    def test_a_process_that_fell_silent_was_seen_before_its_lease_ran_out(self, store):
        ids = plan(store, 1)
        expire(store, take(store, ids))
        (silent,) = store.sweep_work.attempts(1)
        assert silent.seen_at == 1 - 60

    def test_a_sweep_that_is_not_there_has_no_attempts_and_no_passes(self, store):
        assert store.sweep_work.attempts(7) == []
        assert store.sweep_work.passes(7) == []


class TestSpans:
    def test_work_of_before_a_sweep_was_recorded_is_not_its_own(self, store):
        runs, ids = plans(2)
        one = store.plan(sweep(ids), runs)
        store.finish(take(store, ids[:1]), result())
        two = store.plan(replace(sweep(ids), command="bench sweep --again"), runs)
        assert set(store.sweep_work.spans()) == {one}
        store.finish(take(store, ids[1:]), result())
        spans = store.sweep_work.spans()
        first, second = store.sweep_work.attempts(one)
        assert spans[one] == (first.started_at, second.finished_at, 2)
        assert spans[two] == (second.started_at, second.finished_at, 1)


class TestPasses:
    def test_a_run_that_is_done_names_the_pass_it_read_and_what_that_cost(self, store):
        ids = plan(store, 2)
        store.add_feature_pass(replace(feature_pass(), pass_key="p" * 64))
        store.finish(take(store, ids[:1]), result())
        store.finish(take(store, ids[1:]), uncached_result())
        (read,) = store.sweep_work.passes(1)
        assert (read.run_id, read.key, read.pass_key, read.hardware) == (ids[0], "k" * 64, "p" * 64, HARDWARE)
        assert (read.images, read.bytes, read.seconds) == (1797, 9_200_000, 2.25)
        assert (read.backbone, read.dataset) == ("timm/efficientnet_b0", "digits")
        assert read.created_at is not None

    def test_a_pass_that_this_database_has_not_seen_has_no_cost(self, store):
        ids = plan(store, 1)
        store.finish(take(store, ids), result())
        (read,) = store.sweep_work.passes()
        assert read == (ids[0], "k" * 64, *[None] * 8)

    def test_each_sweep_reads_its_own_runs_passes_and_without_one_all_are_read(self, store):
        ids, one, two = two_sweeps(store, first=1)
        store.add_feature_pass(feature_pass())
        for run_id in ids:
            store.finish(take(store, (run_id,)), result())
        read = {sweep_id: {r.run_id for r in store.sweep_work.passes(sweep_id)} for sweep_id in (one, two, None)}
        assert read == {one: {ids[0]}, two: set(ids[1:]), None: set(ids)}


class TestEnvironments:
    def test_hardware_and_versions_are_counted_by_the_runs_that_were_finished_there(self, store):
        ids = plan(store, 4)
        elsewhere = replace(PROVENANCE, hardware="Other GPU", versions={"torch": "2.10"})
        for run_id, where in zip(ids, (PROVENANCE, PROVENANCE, elsewhere), strict=False):
            store.finish(store.claim([run_id], store.worker(), where), result())
        store.fail(store.claim(ids[3:], store.worker(), PROVENANCE), "failed", RecipeError("w", "w", "t"))
        assert store.sweep_work.environments() == [
            (HARDWARE, PROVENANCE.versions, 2),
            ("Other GPU", {"torch": "2.10"}, 1),
        ]

    @pytest.mark.parametrize("count", [0, 1])
    def test_nothing_finished_means_no_environment(self, store, count):
        plan(store, count)
        assert store.sweep_work.environments() == []


def test_a_reader_of_hostile_commands_gives_them_back(store):
    ids = plan(store, 1)
    command = "bench sweep --name '<script>\"\\u0000'"
    claim = store.claim(ids, store.worker(), replace(PROVENANCE, command=command))
    store.finish(claim, result())
    assert store.sweep_work.attempts(1)[0].command == command
    assert sql(store, "SELECT count(*) FROM attempts") == [(1,)]
