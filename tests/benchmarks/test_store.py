"""How fast the store is: `pytest --benchmark-only tests/benchmarks/test_store.py`."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
from example_runs import PROVENANCE, epoch, plans, result, sweep

from bench.store.store import Store
from bench.sweep.prune import Pruner

RUNS = 10_000


@pytest.fixture(scope="module")
def ids() -> tuple[str, ...]:
    return plans(RUNS)[1]


@pytest.fixture(scope="module")
def store(tmp_path_factory, ids):
    """A database of 10,000 runs, of which a tenth is done."""
    with Store.open(tmp_path_factory.mktemp("store") / "runs.db") as opened:
        opened.plan(sweep(ids), plans(RUNS)[0])
        worker = opened.worker()
        for run_id in ids[::10]:
            opened.finish(opened.claim((run_id,), worker, PROVENANCE), result())
        yield opened


def test_open(benchmark, store):
    benchmark(lambda: Store.open(store.location.path).close())


def test_rows_of_10000_runs(benchmark, store):
    assert len(benchmark(store.rows)) == RUNS


def test_statuses_of_10000_runs(benchmark, store, ids):
    assert len(benchmark(store.statuses, ids)) == RUNS


def test_claim_among_10000_runs(benchmark, store, ids):
    worker = store.worker()
    assert benchmark(store.claim, ids, worker, PROVENANCE) is not None


def test_record_epoch(benchmark, store, ids):
    claim = store.claim(ids[::-1], store.worker(), PROVENANCE)
    numbers = count(1)
    benchmark.pedantic(lambda: store.record_epoch(claim, epoch(next(numbers))), rounds=200)


def test_claim_and_finish(benchmark, store, ids):
    worker = store.worker()
    benchmark.pedantic(lambda: store.finish(store.claim(ids, worker, PROVENANCE), result()), rounds=200)


def test_decide_about_a_run_among_1000_that_compete(benchmark, tmp_path):
    """What `--prune` adds to an epoch at a rung."""
    runs, ids = plans(1000)
    with Store.open(tmp_path / "runs.db") as competing:
        competing.plan(sweep(ids), runs)
        worker = competing.worker()
        for run_id in ids:
            claim = competing.claim((run_id,), worker, PROVENANCE)
            for number in range(1, 5):
                competing.record_epoch(claim, epoch(number))
        pruner = Pruner(competing, [run.spec for run in runs])
        assert benchmark(pruner.halt, runs[-1].spec, 4) is None  # all are equally good


def test_plan_10000_runs(benchmark, tmp_path):
    runs, ids = plans(RUNS)
    numbers = count()

    def plan() -> None:
        with Store.open(tmp_path / f"{next(numbers)}.db") as new:
            new.plan(sweep(ids), runs)

    benchmark.pedantic(plan, rounds=3)
