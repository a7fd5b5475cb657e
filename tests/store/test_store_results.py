"""What an attempt measured, and how it ended. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import pytest
from example_runs import HARDWARE, PROVENANCE, epoch, feature_pass, planned, result, sweep, uncached_result
from store_steps import plan, sql, take

from bench.errors import DivergedError, RecipeError
from bench.records.runs import PlannedRun, RunResult
from bench.spec import WeightsSpec
from bench.store.failures import LeaseLostError
from bench.store.rows import RunRow
from bench.store.schema import Run


class TestResults:
    def test_what_preparing_images_took_is_in_the_time_alone(self, store):
        run_ids = plan(store, 1)
        store.finish(take(store, run_ids), replace(uncached_result(), prepared_s=11.5))
        row = store.run(run_ids[0]).row
        assert (row.standalone_s, row.train_s, row.eval_s, row.feature_s) == (16.75, 4.5, 0.75, 0.0)

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
            elif field.name not in {"feature_keys", "feature_hardware", "heads", "contradictions", "prepared_s"}:
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

    def test_a_run_that_read_what_other_hardware_computed_names_both(self, store):
        run_ids = plan(store, 1)
        for hardware in (HARDWARE, "Another GPU"):
            store.add_feature_pass(feature_pass(hardware=hardware))
        store.finish(take(store, run_ids), replace(result(), feature_hardware="Another GPU"))
        assert store.run(run_ids[0]).row.hardware == f"Another GPU + {HARDWARE}"
        linked = sql(store, "SELECT hardware FROM run_features JOIN feature_passes ON id = pass_id")
        assert linked == [("Another GPU",)]

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
        assert rates.features == {("timm/efficientnet_b0", "eager"): pytest.approx(2.25 / (0.38 * 1797))}

    def test_a_pass_that_filled_several_frontiers_counts_once_and_as_far_as_it_went(self, store):
        whole = replace(feature_pass(), pass_key="k" * 64, seconds=9.0)
        store.add_feature_pass(whole)
        store.add_feature_pass(replace(whole, key="e" * 64))
        other = replace(whole, key="o" * 64, pass_key="o" * 64, seconds=1.0)
        store.add_feature_pass(other)
        made = [planned(0), planned(5), planned(10)]
        shallow = replace(made[1], counts=replace(made[1].counts, frozen_gmacs=0.1))
        store.plan(sweep(tuple(run.spec.run_id for run in made)), [made[0], shallow, made[2]])
        for run, key in zip(made, ("k", "e", "o"), strict=True):
            store.finish(take(store, (run.spec.run_id,)), replace(result(), feature_keys=(key * 64,)))
        deep, alone = 9.0 / (0.38 * 1797), 1.0 / (0.38 * 1797)
        assert store.observed_rates(HARDWARE).features == {
            ("timm/efficientnet_b0", "eager"): pytest.approx((deep + alone) / 2)
        }

    def test_a_pass_that_filled_one_frontier_is_called_as_that_is(self, store):
        store.add_feature_pass(feature_pass())
        store.add_feature_pass(replace(feature_pass(), key="e" * 64, pass_key="p" * 64))
        assert sql(store, "SELECT pass_key FROM feature_passes ORDER BY id") == [("k" * 64,), ("p" * 64,)]


class TestPruning:
    def test_a_pruned_run_says_at_which_rung_after_which_epoch_and_why(self, store):
        (run_id,) = plan(store, 1)
        claim = take(store, (run_id,))
        store.record_epoch(claim, epoch(1))
        store.prune(claim, 2, 1, RecipeError("Pruned.", "Place 3 of 3.", "Go on without --prune."))
        row, (attempt,) = store.run(run_id).row, store.attempts(run_id)
        assert (row.status, row.rung, row.pruned_at_epoch) == ("pruned", 2, 1)
        assert (attempt.status, attempt.error_why) == ("pruned", "Place 3 of 3.")

    def test_only_the_holder_of_a_run_prunes_it(self, store):
        (run_id,) = plan(store, 1)
        claim = take(store, (run_id,))
        store.fail(claim, "interrupted")
        with pytest.raises(LeaseLostError):
            store.prune(claim, 1, 1, RecipeError("Pruned."))
        assert store.run(run_id).row.status == "interrupted"

    def test_a_pruned_run_is_claimed_only_where_that_is_asked_for_and_begins_unpruned(self, store):
        (run_id,) = plan(store, 1)
        store.prune(take(store, (run_id,)), 2, 1, RecipeError("Pruned."))
        assert store.claim((run_id,), store.worker(), PROVENANCE, resume_pruned=False) is None
        again = take(store, (run_id,))
        row = store.run(run_id).row
        assert (row.status, row.rung, row.pruned_at_epoch) == ("running", None, None)
        store.finish(again, result())
        assert store.run(run_id).row.status == "done"
        assert [attempt.status for attempt in store.attempts(run_id)] == ["pruned", "done"]


class TestStandings:
    def test_a_run_stands_with_its_best_until_the_epoch_and_since_that_was_recorded(self, store):
        (run_id,) = plan(store, 1)
        claim = take(store, (run_id,))
        for number, top1 in enumerate((0.5, 0.7, 0.6, 0.9), start=1):
            store.record_epoch(claim, epoch(number, top1))
        (recorded,) = sql(store, "SELECT recorded_at FROM epochs WHERE epoch = 3")
        (found,) = store.standings("val_top1", {run_id: 3})
        assert (found.run_id, found.value, found.reached_at) == (run_id, 0.7, recorded[0])
        assert found.group_id == planned(0).spec.group_id

    def test_a_loss_is_the_better_the_smaller_it_is(self, store):
        (run_id,) = plan(store, 1)
        claim = take(store, (run_id,))
        for number in (1, 2):
            store.record_epoch(claim, epoch(number))
        (found,) = store.standings("val_loss", {run_id: 2})
        assert found.value == -0.31 / 2

    def test_a_run_that_has_not_come_that_far_does_not_stand(self, store):
        first, second, third = plan(store, 3)
        claim = take(store, (first,))
        store.record_epoch(claim, epoch(1))
        assert store.standings("val_top1", {first: 2, second: 1, third: 1}) == []
        assert [found.run_id for found in store.standings("val_top1", {first: 1, second: 1})] == [first]

    def test_a_run_that_is_done_early_stands_at_every_later_epoch(self, store):
        (run_id,) = plan(store, 1)
        claim = take(store, (run_id,))
        for number in (1, 2):
            store.record_epoch(claim, epoch(number, 0.5 + number / 10))
        store.finish(claim, result())
        (found,) = store.standings("val_top1", {run_id: 10})
        assert (found.value, found.reached_at) == (0.7, store.run(run_id).row.status_at)

    def test_a_diverged_run_stands_nowhere(self, store):
        (run_id,) = plan(store, 1)
        claim = take(store, (run_id,))
        store.record_epoch(claim, epoch(1))
        assert [standing.run_id for standing in store.standings("val_top1", {run_id: 1})] == [run_id]
        store.fail(claim, "diverged")
        assert store.standings("val_top1", {run_id: 1}) == []

    def test_a_pruned_or_interrupted_run_stands_where_it_was(self, store):
        first, second = plan(store, 2)
        for run_id in (first, second):
            claim = take(store, (run_id,))
            store.record_epoch(claim, epoch(1))
            if run_id == first:
                store.fail(claim, "interrupted")
            else:
                store.prune(claim, 1, 1, RecipeError("Pruned."))
        standing = store.standings("val_top1", {first: 1, second: 1})
        assert {found.run_id for found in standing} == {first, second}

    def test_of_a_repeated_epoch_that_measured_something_else_the_last_counts(self, store):
        (run_id,) = plan(store, 1)
        first = take(store, (run_id,))
        for number in (1, 2):
            store.record_epoch(first, epoch(number, 0.9))
        store.fail(first, "interrupted")
        second = take(store, (run_id,))
        store.record_epoch(second, epoch(1, 0.3))
        (found,) = store.standings("val_top1", {run_id: 1})
        assert found.value == 0.3
        assert store.standings("val_top1", {run_id: 2}) == []

    def test_a_metric_that_was_not_finite_is_not_a_number(self, store):
        (run_id,) = plan(store, 1)
        store.record_epoch(take(store, (run_id,)), epoch(1, math.nan))
        (found,) = store.standings("val_top1", {run_id: 1})
        assert math.isnan(found.value)

    def test_any_number_of_runs_can_be_asked_about(self, store):
        run_ids = plan(store, 1200)
        for run_id in (run_ids[0], run_ids[-1]):
            store.record_epoch(take(store, (run_id,)), epoch(1))
        assert len(store.standings("val_top1", dict.fromkeys(run_ids, 1))) == 2
