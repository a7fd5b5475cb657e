"""A sweep beside busy processes records their load and marks its times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from busy_processes import busy_processes

Maker = Callable[..., Any]
TWO = ("-m", "timm/test_efficientnet@none", "-s", "linear,full", "--seeds", "1", "--image-size", "32", "--epochs",
       "2", "--set", "batch_size=8")  # fmt: skip


def test_a_sweep_beside_busy_processes_marks_its_times_and_no_row_is_on_a_front_of_time(sweeps: Maker) -> None:
    from bench.report.board.query import Query
    from bench.report.board.tables import leaderboard
    from bench.store.store import Store

    place = sweeps("busy", *TWO)
    with busy_processes():
        ended = place.run()
    assert ended.returncode == 0, ended.stderr
    with Store.open(place.db) as store:
        rows = store.rows()
    assert [row.disturbed for row in rows] == [True, True]
    assert min(row.load for row in rows) > 0.5
    assert all(row.cpu_s > 0 for row in rows)
    (board,) = leaderboard(rows, Query(cost="standalone_s"))
    assert not any(entry.pareto for entry in board.entries)
