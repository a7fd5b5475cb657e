"""Sweeps, and what is asked about runs. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from example_runs import planned, plans, result, sweep
from store_steps import plan, take

from bench.errors import StoreError
from bench.store.store import Store


class TestPlans:
    def test_a_sweep_comes_back_as_it_was_recorded(self, store):
        runs, run_ids = plans(3)
        asked = sweep(run_ids)
        assert store.sweep(store.plan(asked, runs)) == asked

    def test_the_same_sweep_recorded_twice_is_one_sweep(self, store):
        runs, run_ids = plans(3)
        first = store.plan(sweep(run_ids), runs)
        assert store.plan(sweep(run_ids), runs) == first
        assert [(row.id, row.planned, row.done, row.rejected) for row in store.sweeps()] == [(first, 3, 0, 2)]

    def test_two_sweeps_share_the_runs_that_both_plan(self, store):
        runs, run_ids = plans(3)
        first = store.plan(sweep(run_ids[:2]), runs[:2])
        second = store.plan(sweep(run_ids[1:]), runs[1:])
        assert len(store.rows()) == 3
        assert {row.run_id for row in store.rows(sweep=first)} == set(run_ids[:2])
        assert {row.run_id for row in store.rows(sweep=second)} == set(run_ids[1:])

    def test_a_run_that_is_done_stays_done_when_it_is_planned_again(self, store):
        run_ids = plan(store)
        store.finish(take(store, run_ids), result())
        plan(store)
        assert store.statuses(run_ids)[run_ids[0]] == "done"

    def test_a_sweep_of_nothing_is_a_sweep(self, store):
        store.plan(replace(sweep(()), rejected=()), [])
        assert store.sweeps()[0].planned == 0

    def test_a_sweep_of_a_run_that_nobody_planned_is_refused(self, store):
        with pytest.raises(sa.exc.IntegrityError):
            store.plan(sweep(("0" * 64,)), [])
        assert store.sweeps() == []

    def test_a_database_that_was_there_refuses_what_points_nowhere_too(self, url):
        Store.open(url).close()
        with Store.open(url) as again, pytest.raises(sa.exc.IntegrityError):
            again.plan(sweep(("0" * 64,)), [])

    def test_a_sweep_that_does_not_exist_is_an_error_that_lists_the_last_ones(self, store):
        plan(store)
        with pytest.raises(StoreError, match=r"There is no sweep 7\.\nThe last ones are: 1\."):
            store.sweep(7)


class TestQuestions:
    def test_rows_are_filtered_by_what_is_asked(self, store):
        runs, run_ids = plans(6)
        other = planned(0, dataset="cub")
        store.plan(sweep((*run_ids, other.spec.run_id)), [*runs, other])
        store.finish(take(store, run_ids), result())
        assert len(store.rows()) == 7
        assert len(store.rows(dataset="digits")) == 6
        assert len(store.rows(dataset="digits", backbone="timm/efficientnet_b0")) == 2
        assert [row.run_id for row in store.rows(status="done")] == [run_ids[0]]
        assert store.rows(strategy="full") == []

    def test_lean_rows_hold_what_was_asked_for_and_refuse_the_rest(self, store):
        plan(store)
        whole, lean = store.rows(), store.rows(only={"seed", "strategy"})
        names = ("run_id", "created_at", "strategy", "seed")
        assert [[getattr(row, n) for n in names] for row in lean] == [
            [getattr(row, n) for n in names] for row in whole
        ]
        with pytest.raises(AttributeError, match="status"):
            _ = lean[0].status

    def test_rows_come_oldest_first_and_of_one_moment_by_their_ids(self, store):
        for count in (2, 5):
            runs, run_ids = plans(count)
            store.plan(sweep(run_ids), runs)
        found = [(row.created_at, row.run_id) for row in store.rows()]
        assert len(found) == 5
        assert found == sorted(found)

    def test_a_run_is_found_by_the_beginning_of_its_id(self, store):
        run_ids = plan(store)
        assert store.run(run_ids[1][:8].upper()).row.run_id == run_ids[1]

    def test_a_beginning_that_several_runs_share_is_an_error_that_names_them(self, store):
        run_ids = plan(store)
        with pytest.raises(StoreError, match="Several runs begin with ''") as caught:
            store.run("")
        assert all(run_id[:12] in caught.value.why for run_id in run_ids)

    @pytest.mark.parametrize("end", ["zz", "%", "_"])
    def test_a_run_that_does_not_exist_is_an_error_that_names_the_nearest(self, store, end):
        run_ids = plan(store, 1)
        with pytest.raises(StoreError, match="No run begins with") as caught:
            store.run(run_ids[0][:6] + end)
        assert run_ids[0][:12] in caught.value.why

    def test_a_database_without_runs_says_so(self, store):
        with pytest.raises(StoreError, match="there are no runs"):
            store.run("abc")
        assert (store.rows(), store.sweeps(), store.epochs("abc"), store.statuses(["abc"])) == ([], [], [], {})
