"""How fast the readers are: `pytest --benchmark-only tests/benchmarks/test_report.py`.

The bars, imports included: a leaderboard of 10,000 runs in under one second, of 100,000 in under two, and a page
of 5,000 in a few.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
from plausible_runs import bulk_fill

from bench.report.board.layout import columns_read
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.build import write_report
from bench.store.store import Store


def filled(folder, count, seeds):
    with Store.open(folder / "runs.db") as store:
        bulk_fill(store, count, seeds=seeds)
    return folder / "runs.db"


@pytest.fixture(scope="module")
def ten_thousand(tmp_path_factory):
    """10,000 runs of three seeds each."""
    return filled(tmp_path_factory.mktemp("many"), 10_000, 3)


@pytest.fixture(scope="module")
def hundred_thousand(tmp_path_factory):
    """100,000 runs of three seeds each; making them takes half a minute."""
    return filled(tmp_path_factory.mktemp("very_many"), 100_000, 3)


@pytest.fixture(scope="module")
def five_thousand(tmp_path_factory):
    """5,000 runs, each a row of its own."""
    return filled(tmp_path_factory.mktemp("rows"), 5_000, 1)


@pytest.mark.parametrize(
    "arguments", [(), ("--json",), ("--cost", "standalone_s")], ids=["text", "json", "by-time"]
)
def test_the_leaderboard_command_over_10_000_runs(benchmark, ten_thousand, arguments):
    command = [sys.executable, "-m", "bench", "leaderboard", "--db", str(ten_thousand), *arguments]
    done = benchmark(subprocess.run, command, capture_output=True, text=True, check=True)
    assert "efficientnet" in done.stdout


def test_the_leaderboard_command_over_100_000_runs(benchmark, hundred_thousand):
    command = [sys.executable, "-m", "bench", "leaderboard", "--db", str(hundred_thousand)]
    done = benchmark(subprocess.run, command, capture_output=True, text=True, check=True)
    assert "33,304 more" in done.stdout


@pytest.mark.parametrize("only", [None, columns_read(Query())], ids=["every-column", "of-a-table"])
def test_reading_100_000_rows(benchmark, hundred_thousand, only):
    with Store.open(hundred_thousand, create=False) as store:
        assert len(benchmark(store.rows, only=only)) == 100_000


def test_ranking_10_000_runs(benchmark, ten_thousand):
    with Store.open(ten_thousand, create=False) as store:
        rows = store.rows()
    (board,) = benchmark(leaderboard, rows, Query())
    assert len(board.entries) == 3334


def test_the_report_of_5_000_rows(benchmark, five_thousand, tmp_path):
    with Store.open(five_thousand, create=False) as store:
        path = benchmark.pedantic(write_report, (store, tmp_path / "report.html"), rounds=3)
    assert path.stat().st_size < 9_000_000
