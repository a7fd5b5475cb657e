"""What every database has to do: each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import pytest
import sqlalchemy as sa
from example_runs import HARDWARE, PROVENANCE, epoch, feature_pass, planned, plans, result, sweep, uncached_result

from bench.errors import DivergedError, RecipeError, StoreError
from bench.records import PlannedRun, RunResult
from bench.spec import WeightsSpec
from bench.store.claims import Claim
from bench.store.failures import LeaseLostError
from bench.store.rows import RunRow
from bench.store.schema import Run
from bench.store.store import Store
from bench.store.worker import Worker


def plan(store: Store, count: int = 3) -> tuple[str, ...]:
    runs, run_ids = plans(count)
    store.plan(sweep(run_ids), runs)
    return run_ids


def take(store: Store, run_ids: tuple[str, ...], worker: Worker | None = None) -> Claim:
    claim = store.claim(run_ids, worker or store.worker(), PROVENANCE)
    assert claim is not None
    return claim


def sql(store: Store, statement: str) -> sa.Sequence:
    with store._database.writer.begin() as connection:
        found = connection.execute(sa.text(statement))
        return found.all() if found.returns_rows else []


def expire(store: Store, claim: Claim) -> None:
    """Let a lease run out, as if its process had been silent on another machine."""
    sql(store, f"UPDATE attempts SET lease_expires_at = 1, host = 'elsewhere' WHERE id = {claim.attempt_id}")


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

    def test_a_sweep_that_does_not_exist_is_an_error_that_lists_the_last_ones(self, store):
        plan(store)
        with pytest.raises(StoreError, match=r"There is no sweep 7\.\nThe last ones are: 1\."):
            store.sweep(7)


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
        assert store.claim(run_ids, store.worker(), PROVENANCE, retry_failed=False) is None
        assert take(store, run_ids).number == 2

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

    def test_the_database_itself_allows_one_running_attempt_per_run(self, store):
        run_ids = plan(store, 1)
        take(store, run_ids)
        columns = "run_id, status, worker_id, host, pid, process_started_at, lease_expires_at, started_at, hardware, provenance"
        with pytest.raises(sa.exc.IntegrityError):
            sql(store, f"INSERT INTO attempts (number, {columns}) SELECT 2, {columns} FROM attempts")


class TestResults:
    def test_a_finished_run_has_every_number_of_its_result(self, store):
        run_ids = plan(store, 1)
        store.finish(take(store, run_ids), result())
        row = store.run(run_ids[0]).row
        for field in dataclasses.fields(RunResult):
            value = getattr(result(), field.name)
            if dataclasses.is_dataclass(value):
                split = {f"{field.name}_{name}": number for name, number in dataclasses.asdict(value).items()}
                assert {name: getattr(row, name) for name in split if hasattr(row, name)} == {
                    name: number for name, number in split.items() if name not in {"last_val_n", "last_test_n"}
                }
            elif field.name != "feature_keys":
                assert getattr(row, field.name) == value, field.name
        assert row.standalone_s == 7.5
        assert (row.status, row.hardware) == ("done", HARDWARE)

    def test_a_planned_run_has_its_spec_and_counts(self, store):
        made = planned(7)
        store.plan(replace(sweep((made.spec.run_id,)), rejected=()), [made])
        found = store.run(made.spec.run_id)
        assert found.spec == made.spec
        assert found.spec.run_id == found.row.run_id == made.spec.run_id
        assert found.row.group_id == made.spec.group_id
        for record in (made.counts, replace(made, spec=None, counts=None)):
            for field in dataclasses.fields(record):
                if field.name not in {"spec", "counts"}:
                    assert getattr(found.row, field.name) == getattr(record, field.name), field.name

    def test_a_row_has_every_column_but_the_spec(self):
        assert set(RunRow._fields) == {column.name for column in Run.__table__.columns} - {"spec"}

    def test_a_weights_file_path_is_not_stored_as_identity(self, store):
        made = planned(0)
        weights = WeightsSpec(source="file", tag="mine", path="/home/somebody/weights.pth")
        spec = made.spec.model_copy(update={"backbone": made.spec.backbone.model_copy(update={"weights": weights})})
        store.plan(sweep((spec.run_id,)), [PlannedRun(spec, made.counts)])
        assert store.run(spec.run_id).spec.run_id == spec.run_id
        assert "somebody" not in str(store.run(spec.run_id).spec_data)

    def test_a_number_that_is_not_finite_is_null(self, store):
        run_ids = plan(store, 1)
        claim = take(store, run_ids)
        store.record_epoch(claim, replace(epoch(1), train_loss=math.nan, test_top1=math.inf))
        assert sql(store, "SELECT train_loss IS NULL, test_top1 IS NULL FROM epochs")[0] == (True, True)
        assert math.isnan(store.epochs(run_ids[0])[0].train_loss)

    def test_a_result_that_is_not_finite_is_no_result(self, store):
        run_ids = plan(store, 1)
        claim = take(store, run_ids)
        with pytest.raises(DivergedError):
            store.finish(claim, replace(result(), val=replace(result().val, loss=math.nan)))
        assert store.statuses(run_ids) == {run_ids[0]: "running"}
        assert store.run(run_ids[0]).row.val_top1 is None

    def test_an_error_is_kept_in_its_three_parts(self, store):
        run_ids = plan(store, 1)
        store.fail(take(store, run_ids), "failed", RecipeError("what", "why", "todo"))
        (attempt,) = store.attempts(run_ids[0])
        kept = (attempt.error_type, attempt.error_what, attempt.error_why, attempt.error_todo, attempt.error_trace)
        assert kept == ("RecipeError", "what", "why", "todo", None)
        assert attempt.provenance == dataclasses.asdict(PROVENANCE)
        assert attempt.finished_at >= attempt.started_at

    def test_an_unforeseen_error_is_kept_with_where_it_happened(self, store):
        run_ids = plan(store, 1)
        try:
            [][1]
        except IndexError as error:
            store.fail(take(store, run_ids), "failed", error)
        (attempt,) = store.attempts(run_ids[0])
        assert (attempt.error_type, attempt.error_what) == ("IndexError", "list index out of range")
        assert "test_store_contract.py" in attempt.error_trace

    def test_text_that_no_database_takes_is_escaped(self, store):
        run_ids = plan(store, 1)
        provenance = replace(PROVENANCE, command="bench \udcff \0", host="ä\udcfe")
        claim = store.claim(run_ids, store.worker(), provenance)
        store.fail(claim, "failed", RuntimeError("\udcff\0"))
        (attempt,) = store.attempts(run_ids[0])
        assert attempt.error_what == "\\udcff\\x00"
        assert attempt.provenance["host"] == "ä\udcfe"


class TestEpochs:
    def test_epochs_come_back_as_they_were_recorded(self, store):
        run_ids = plan(store, 1)
        claim = take(store, run_ids)
        recorded = [epoch(1), replace(epoch(2), test_top1=0.7), epoch(3)]
        for record in recorded:
            store.record_epoch(claim, record)
        assert store.epochs(run_ids[0]) == recorded

    def test_a_repeat_that_measured_the_same_is_kept_once_as_the_first_attempt_had_it(self, store):
        run_ids = plan(store, 1)
        first = take(store, run_ids)
        store.record_epoch(first, epoch(1))
        store.record_epoch(first, replace(epoch(2), train_loss=math.nan))
        store.fail(first, "interrupted")
        second = take(store, run_ids)
        store.record_epoch(second, replace(epoch(2), train_loss=math.nan, train_s=99.0))
        store.record_epoch(second, epoch(3))
        kept = sql(store, "SELECT epoch, attempt_id, train_s FROM epochs ORDER BY epoch")
        assert kept == [(1, first.attempt_id, 1.5), (2, first.attempt_id, 1.5), (3, second.attempt_id, 1.5)]

    def test_a_repeat_that_measured_something_else_begins_a_new_history_and_deletes_nothing(self, store):
        run_ids = plan(store, 1)
        first = take(store, run_ids)
        for number in (1, 2, 3, 4):
            store.record_epoch(first, epoch(number))
        store.fail(first, "interrupted")
        second = take(store, run_ids)
        for record in (epoch(1), epoch(2, top1=0.5), epoch(3)):
            store.record_epoch(second, record)
        assert store.epochs(run_ids[0]) == [epoch(1), epoch(2, top1=0.5), epoch(3)]
        assert sql(store, "SELECT count(*) FROM epochs")[0] == (6,)

    def test_a_run_that_moved_names_all_its_hardware(self, store):
        run_ids = plan(store, 1)
        first = take(store, run_ids)
        store.record_epoch(first, epoch(1))
        store.fail(first, "interrupted")
        second = store.claim(run_ids, store.worker(), replace(PROVENANCE, hardware="Another GPU"))
        store.record_epoch(second, epoch(2))
        store.finish(second, result())
        assert store.run(run_ids[0]).row.hardware == f"Another GPU + {HARDWARE}"


class TestFeatures:
    def test_a_pass_is_stored_once_per_hardware_as_what_it_first_cost(self, store):
        store.add_feature_pass(feature_pass())
        store.add_feature_pass(feature_pass(seconds=99.0))
        store.add_feature_pass(feature_pass(hardware="Another GPU", seconds=0.5))
        kept = sql(store, "SELECT hardware, seconds FROM feature_passes ORDER BY id")
        assert kept == [(HARDWARE, 2.25), ("Another GPU", 0.5)]

    def test_a_run_is_linked_to_the_pass_on_its_own_hardware(self, store):
        run_ids = plan(store, 1)
        for hardware in (HARDWARE, "Another GPU"):
            store.add_feature_pass(feature_pass(hardware=hardware))
        store.finish(take(store, run_ids), result())
        assert sql(store, "SELECT hardware FROM run_features JOIN feature_passes ON id = pass_id") == [(HARDWARE,)]

    def test_a_pass_that_the_database_has_not_seen_is_noted_by_its_key(self, store):
        run_ids = plan(store, 1)
        store.finish(take(store, run_ids), result())
        assert sql(store, "SELECT key, pass_id FROM run_features") == [("k" * 64, None)]

    def test_observed_rates_tell_training_and_feature_passes_apart(self, store):
        cached, uncached, elsewhere = plan(store)
        store.add_feature_pass(feature_pass())
        store.finish(take(store, (cached,)), result())
        store.finish(take(store, (uncached,)), uncached_result())
        moved = store.claim((elsewhere,), store.worker(), replace(PROVENANCE, hardware="Another GPU"))
        store.finish(moved, uncached_result())
        rates = store.observed_rates(HARDWARE)
        assert rates.training == {"timm/efficientnet_b1": pytest.approx(4.5 / (0.41 * 1437 * 3))}
        assert rates.features == {"timm/efficientnet_b0": pytest.approx(2.25 / (0.39 * 1797))}


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
