"""What the cache saved and what training cost, held against sums made by hand."""

import pytest
from plausible_runs import MODELS, make_planned
from swept_runs import a_pass, fill_swept, finish, record

from bench.report.sweeps.cache_savings import images_every_epoch, savings, unseen
from bench.report.sweeps.cost import compute, seconds_by_hardware


def read(store, sweep=None):
    rows = {row.run_id: row for row in store.rows() if row.status == "done"}
    return store.sweep_work.passes(sweep), rows


def test_three_runs_that_share_a_pass_save_what_two_more_passes_would_have_taken(store):
    fill_swept(store)  # the pass took 10 s, and each of three runs would have needed 8 s of it
    (saved,) = savings(*read(store, 1))
    assert (saved.paid_s, saved.alone_s, saved.saved_s, saved.reads) == (10.0, 24.0, 14.0, 3)
    assert (saved.images_made, saved.images_spared) == (1000, 2000)


def test_frontiers_that_one_pass_filled_are_paid_once(store):
    runs = [make_planned(MODELS[0], strategy) for strategy in ("linear", "last_blocks(1)+norm")]
    record(store, runs)
    for key in "ab":
        store.add_feature_pass(a_pass(key * 64, 12.0, pass_key="p" * 64))
    finish(store, runs[0], "a" * 64, feature_s=11.0)
    finish(store, runs[1], "b" * 64, feature_s=9.0)
    (saved,) = savings(*read(store))
    assert (len(saved.passes), saved.paid_s, saved.alone_s) == (1, 12.0, 20.0)
    assert saved.passes[0].bytes == 2 * 5120 * 1000
    assert saved.images_made == 1000


def test_a_run_that_reads_no_augmented_views_would_not_have_computed_them(store):
    runs = [make_planned(MODELS[0], "linear", seed) for seed in range(3)]
    record(store, runs)
    store.add_feature_pass(a_pass("a" * 64, 12.0, pass_key="p" * 64, images=5000))
    store.add_feature_pass(a_pass("b" * 64, 12.0, pass_key="p" * 64, images=2000))
    for run, key in zip(runs, "abb", strict=True):
        finish(store, run, key * 64, feature_s=2.0)
    (saved,) = savings(*read(store))
    assert (saved.images_made, saved.images_spared) == (5000, 4000)


def test_a_pass_that_only_one_run_has_read_so_far_may_have_cost_more_than_it_saved(store):
    run = make_planned(MODELS[0], "linear")
    record(store, [run])
    store.add_feature_pass(a_pass("a" * 64, 12.0))
    finish(store, run, "a" * 64, feature_s=7.0)
    (saved,) = savings(*read(store))
    assert (saved.saved_s, saved.images_spared) == (-5.0, 0)


def test_seconds_of_two_hardwares_are_never_added_up(store):
    runs = [make_planned(MODELS[0], "linear", seed) for seed in range(2)]
    record(store, runs)
    store.add_feature_pass(a_pass("a" * 64, 12.0))
    store.add_feature_pass(a_pass("b" * 64, 1.0, hardware="GPU"))
    for run, key in zip(runs, "ab", strict=True):
        finish(store, run, key * 64, feature_s=2.0)
    assert {one.hardware: one.paid_s for one in savings(*read(store))} == {
        a_pass("a", 1).hardware: 12.0,
        "GPU": 1.0,
    }


def test_a_pass_that_another_database_made_is_counted_and_not_guessed(store):
    run = make_planned(MODELS[0], "linear")
    record(store, [run])
    finish(store, run, "z" * 64, feature_s=7.0)
    assert savings(*read(store)) == []
    assert unseen(*read(store)) == 1


def test_what_was_made_before_a_moment_is_told_apart(store):
    fill_swept(store)
    (saved,) = savings(*read(store))
    made = saved.passes[0].created_at
    assert (saved.made_before(made), saved.made_before(made + 1)) == (0, 10.0)


def test_runs_that_are_not_done_count_nothing(store):
    fill_swept(store)
    reads, rows = read(store)
    assert savings(reads, {}) == []
    assert images_every_epoch(reads, {}) == unseen(reads, {}) == 0
    assert images_every_epoch(reads, rows) == sum(
        row.epochs * (2700 + 300) for row in rows.values() if row.strategy == "linear"
    )


def test_compute_is_training_images_times_epochs_times_training_gmacs(store):
    fill_swept(store)
    reads, rows = read(store)
    linear = {run_id: row for run_id, row in rows.items() if row.strategy == "linear"}
    rows = {run_id: row._replace(frozen_gmacs=0.6, train_gmacs=0.7) for run_id, row in linear.items()}
    cost = compute(rows, savings(reads, rows))
    images = sum(row.epochs * 2700 for row in rows.values())
    assert cost.asked == pytest.approx(images * 0.7)
    assert cost.epochs == pytest.approx(images * 0.1)
    assert cost.passes == pytest.approx(1000 * 0.6)


def test_an_old_row_that_does_not_say_what_was_frozen_leaves_it_open(store):
    fill_swept(store)
    reads, rows = read(store)
    rows = {run_id: row._replace(frozen_gmacs=None) for run_id, row in rows.items()}
    cost = compute(rows, savings(reads, rows))
    assert cost.asked > 0
    assert cost.epochs is cost.passes is None


def test_seconds_are_summed_for_each_hardware_on_its_own(store):
    fill_swept(store)
    done = [row for row in store.rows() if row.status == "done"]
    rows = [*done[:2], done[2]._replace(hardware="GPU", train_s=1.0, eval_s=2.0, standalone_s=None)]
    cpu, gpu = seconds_by_hardware(rows)
    assert (cpu.runs, cpu.train_s) == (2, done[0].train_s + done[1].train_s)
    assert (gpu.hardware, gpu.runs, gpu.train_s, gpu.eval_s, gpu.standalone_s) == ("GPU", 1, 1.0, 2.0, 0.0)
