"""A sweep's time, added up by hand."""

import pytest
from swept_runs import attempt

from bench.report.sweeps.timeline import MOST_LANES, timeline
from bench.report.sweeps.times import spent


def test_no_attempts_took_no_time():
    assert spent([]) is None
    assert timeline([]).bars == ()


def test_wall_time_has_the_pauses_in_and_work_has_them_out():
    took = spent([attempt("a", 100, 110), attempt("b", 110, 130), attempt("c", 500, 505)])
    assert (took.wall_s, took.busy_s, took.worker_s, took.workers, took.attempts) == (405, 35, 35, 1, 3)


def test_what_a_process_does_at_once_is_shared_so_that_its_seconds_count_once():
    # 0-10 a alone, 10-20 a and b, 20-40 b alone: a 10 + 5, b 5 + 20
    took = spent([attempt("a", 0, 20), attempt("b", 10, 40, status="failed")])
    assert took.by_status == pytest.approx({"done": 15, "failed": 25})
    assert took.worker_s == pytest.approx(took.busy_s) == 40


def test_two_processes_at_once_are_twice_at_work_in_the_same_wall_time():
    took = spent([attempt("a", 0, 10), attempt("b", 0, 10, worker="other")])
    assert (took.wall_s, took.busy_s, took.worker_s, took.workers) == (10, 10, 20, 2)


def test_a_process_that_was_last_heard_of_before_it_began_took_no_time():
    silent = attempt("a", 100, None, status="running", seen_at=40.0)
    assert spent([silent]).wall_s == 0
    assert timeline([silent]).bars[0].seconds == 0


class TestTimeline:
    def test_attempts_one_after_another_are_in_one_row_and_keep_their_places(self):
        drawn = timeline([attempt("a", 0, 10), attempt("b", 10, 30, status="failed"), attempt("c", 31, 40)])
        assert [(bar.lane, bar.left, bar.right) for bar in drawn.bars] == [(0, 0, 10), (0, 10, 30), (0, 31, 40)]
        assert (drawn.lanes, drawn.joined, drawn.pauses) == (1, False, ())

    def test_a_long_pause_is_cut_out_of_the_axis_and_said(self):
        drawn = timeline([attempt("a", 0, 50), attempt("b", 90_050, 90_100)])
        (pause,) = drawn.pauses
        assert pause.seconds == 90_000
        assert drawn.length == pytest.approx(102)  # 100 s of work, 2 % of it for the pause
        assert [(bar.left, bar.right) for bar in drawn.bars] == [(0, 50), (52, 102)]
        assert drawn.bars[1].began_at == 90_050

    def test_runs_that_trained_together_are_one_bar_that_counts_them(self):
        drawn = timeline([attempt(f"r{i}", 0.001 * i, 60 + 0.001 * i) for i in range(24)])
        assert [(bar.attempts, bar.run_id) for bar in drawn.bars] == [(24, "r0")]
        assert drawn.joined

    def test_what_overlaps_has_a_row_of_its_own_and_each_process_its_group_of_rows(self):
        drawn = timeline([
            attempt("a", 0, 100), attempt("b", 20, 80, status="pruned"),
            attempt("c", 5, 95, worker="other", pid=8),
        ])  # fmt: skip
        assert {bar.run_id: bar.lane for bar in drawn.bars} == {"a": 0, "b": 1, "c": 2}
        assert (drawn.workers, drawn.first_lanes) == (("process 7", "process 8"), (0, 2))

    def test_processes_of_several_machines_are_named_with_them(self):
        drawn = timeline([attempt("a", 0, 9), attempt("b", 0, 9, worker="o", host="tower/y", pid=9)])
        assert drawn.workers == ("laptop 7", "tower 9")

    @pytest.mark.parametrize("count", [401, 5_000])
    def test_thousands_of_attempts_become_few_bars_that_lose_none(self, count):
        ends = ["done"] * 9 + ["failed"]
        drawn = timeline([attempt(f"r{i}", 3.0 * i, 3.0 * i + 2.9, status=ends[i % 10]) for i in range(count)])
        assert len(drawn.bars) <= 400
        assert sum(bar.attempts for bar in drawn.bars) == count
        assert sum(bar.attempts for bar in drawn.bars if bar.status == "failed") == count // 10

    def test_more_processes_than_bars_are_still_drawn(self):
        drawn = timeline([attempt(f"r{i}", i, i + 1.0, worker=f"w{i}") for i in range(30)], most=10)
        assert len(drawn.bars) == 30
        assert drawn.lanes == 30

    def test_a_process_has_a_bounded_number_of_rows(self):
        drawn = timeline([attempt(f"r{i}", 10.0 * i, 1000 + 11.0 * i) for i in range(40)])
        assert drawn.lanes == MOST_LANES

    def test_attempts_without_any_length_are_drawn(self):
        drawn = timeline([attempt(f"r{i}", 5.0, 5.0) for i in range(3)])
        assert sum(bar.attempts for bar in drawn.bars) == 3
