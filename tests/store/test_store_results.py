"""What an attempt measured, and how it ended. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import pytest
from example_runs import HARDWARE, PROVENANCE, epoch, feature_pass, planned, result, sweep, uncached_result
from store_steps import plan, sql, take

from bench.errors import DivergedError, RecipeError
from bench.records import PlannedRun, RunResult
from bench.spec import WeightsSpec
from bench.store.rows import RunRow
from bench.store.schema import Run


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
        weights = WeightsSpec(source="file", tag="mine", path="/models/weights.pth")
        spec = made.spec.model_copy(
            update={"backbone": made.spec.backbone.model_copy(update={"weights": weights})}
        )
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
            int("five")
        except ValueError as error:
            store.fail(take(store, run_ids), "failed", error)
        (attempt,) = store.attempts(run_ids[0])
        assert attempt.error_type == "ValueError"
        assert "'five'" in attempt.error_what
        assert "test_store_results.py" in attempt.error_trace

    @pytest.mark.parametrize(
        "typed",
        ["postgresql://me:s3cret@host/runs", "postgres://me@host/runs?a=b&password=s3cret", "x://:s3cret/p@host"],
    )
    def test_a_password_on_the_command_line_is_never_stored(self, store, typed):
        command = f"bench sweep --db '{typed}' --dataset digits"
        run_ids = plan(store, 1)
        store.plan(replace(sweep(run_ids), command=command), [])
        store.claim(run_ids, store.worker(), replace(PROVENANCE, command=command))
        kept = [store.sweeps()[-1].command, store.attempts(run_ids[0])[0].provenance["command"]]
        assert "s3cret" not in str(kept)
        assert all(text.startswith("bench sweep --db '") and text.endswith("' --dataset digits") for text in kept)

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
