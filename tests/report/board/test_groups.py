import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plausible_runs import CPU, GPU, MODELS, done_row
from scipy.stats import binomtest

from bench.report.board.groups import group_runs, summarise

FINITE = st.floats(-1e6, 1e6)


@given(st.lists(FINITE, min_size=2, max_size=20))
def test_mean_and_sample_deviation_are_those_of_the_standard_library(values):
    stat = summarise(values)
    assert stat.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert stat.std == pytest.approx(statistics.stdev(values), abs=1e-6)


def test_one_seed_has_no_deviation_and_none_has_no_mean():
    assert summarise([0.5]) == (0.5, None, 1)
    assert summarise([None, math.nan]) == (None, None, 0)


def test_a_missing_value_is_left_out_of_the_mean():
    assert summarise([0.4, None, 0.6, math.inf]).n == 2
    assert summarise([0.4, None, 0.6]).mean == pytest.approx(0.5)


def test_runs_that_differ_in_their_seed_are_one_group():
    rows = [done_row(seed=seed) for seed in (2, 0, 1)] + [done_row(strategy="full")]
    groups = group_runs(rows)
    assert [[row.seed for row in group.rows] for group in groups] == [[0, 1, 2], [0]]


@pytest.mark.parametrize("status", ["planned", "running", "failed", "diverged", "interrupted", "pruned"])
def test_only_a_finished_run_ranks(status):
    assert group_runs([done_row(status=status)]) == []


@pytest.mark.parametrize("val", [None, math.nan])
def test_a_run_without_validation_accuracy_does_not_rank(val):
    assert group_runs([done_row(val_top1=val)]) == []


def test_seeds_that_failed_or_diverged_are_counted_beside_the_mean():
    rows = [
        done_row(seed=0),
        done_row(seed=1, status="diverged", val_top1=None),
        done_row(seed=2, status="failed"),
    ]
    (group,) = group_runs(rows)
    assert (len(group.rows), group.lost) == (1, 2)
    assert group.stat("val_top1").n == 1


def test_a_pruned_seed_is_neither_in_the_mean_nor_lost():
    (group,) = group_runs([done_row(seed=0), done_row(seed=1, status="pruned")])
    assert (len(group.rows), group.lost) == (1, 0)


def test_times_of_different_hardware_are_never_averaged():
    rows = [
        done_row(seed=0, standalone_s=100.0, hardware=CPU),
        done_row(seed=1, standalone_s=300.0, hardware=CPU),
        done_row(seed=2, standalone_s=5.0, hardware=GPU),
    ]
    (group,) = group_runs(rows)
    assert group.stat("standalone_s").mean is None
    assert group.stat("standalone_s", CPU).mean == 200.0
    assert group.stat("standalone_s", GPU).mean == 5.0
    assert group.stat("val_top1").n == 3


def test_batched_latency_is_per_image():
    (group,) = group_runs([done_row(latency_batch_s=3.2, latency_batch_size=32)])
    assert group.stat("latency_batched_s").mean == pytest.approx(0.1)


def test_the_test_error_is_binomial_away_from_the_ends_and_never_zero_at_them():
    (group,) = group_runs([done_row(test_top1=0.9, test_n=900)])
    assert group.test_error == pytest.approx(0.01, rel=2e-3)
    for share in (0.0, 1.0):
        (group,) = group_runs([done_row(test_top1=share, test_n=2)])
        assert group.test_error == pytest.approx(1 / 6)


@pytest.mark.parametrize("right", [0, 1, 2])
def test_the_intervals_are_those_of_scipy_at_every_share(right):
    (group,) = group_runs([done_row(test_top1=right / 2, test_n=2, val_top1=right / 2, val_n=2)])
    by_scipy = binomtest(right, 2).proportion_ci(method="wilson")
    assert group.test_interval == group.val_interval == pytest.approx((by_scipy.low, by_scipy.high))


def test_a_family_that_is_not_recorded_is_read_off_the_name():
    (group,) = group_runs([done_row(MODELS[0], family="")])
    assert group.family == "efficientnet"
