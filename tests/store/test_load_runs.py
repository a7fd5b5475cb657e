"""`bench.load_runs()`."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
from example_runs import result
from store_steps import plan, take

import bench
from bench.errors import BenchError, StoreError
from bench.store.rows import RunRow
from bench.store.store import Store


@pytest.fixture
def filled(path):
    with Store.open(path) as store:
        store.finish(take(store, plan(store)), result())
    return path


def test_it_gives_one_row_per_finished_run_with_every_column(filled):
    frame = bench.load_runs(filled)
    assert list(frame.columns) == list(RunRow._fields)
    assert len(frame) == 1
    assert frame.loc[0, ["backbone", "val_top1", "epochs", "standalone_s"]].tolist() == [
        "timm/efficientnet_b0",
        0.9,
        3,
        7.5,
    ]


def test_it_gives_every_run_when_asked(filled):
    assert sorted(bench.load_runs(filled, status=None)["status"]) == ["done", "planned", "planned"]


def test_pruned_runs_are_told_by_their_status_and_rung(path):
    with Store.open(path) as store:
        store.prune(take(store, plan(store)), 2, 3, BenchError("Pruned."))
    assert bench.load_runs(path).empty
    frame = bench.load_runs(path, status="pruned")
    assert frame.loc[0, ["rung", "pruned_at_epoch"]].tolist() == [2, 3]
    assert frame["rung"].dtype == pd.Int64Dtype()


@pytest.mark.parametrize("status", ["done", "planned", "failed"])
def test_types_do_not_depend_on_what_is_missing(filled, status):
    dtypes = bench.load_runs(filled, status=status).dtypes
    assert dtypes["run_id"] == dtypes["fingerprint"] == pd.StringDtype()
    assert dtypes["seed"] == dtypes["epochs"] == pd.Int64Dtype()
    assert dtypes["gmacs"] == dtypes["val_top1"] == "float64"
    assert str(dtypes["created_at"]).endswith("UTC]")


def test_times_are_of_today(filled):
    age = pd.Timestamp.now(tz="UTC") - bench.load_runs(filled)["created_at"][0]
    assert pd.Timedelta(0) <= age < pd.Timedelta(hours=1)


def test_a_database_that_is_not_there_is_an_error_and_is_not_made(path):
    with pytest.raises(StoreError, match="There is no database"):
        bench.load_runs(path)
    assert not path.exists()


def test_importing_bench_imports_nothing_slow():
    script = "import sys, bench; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"pandas", "sqlalchemy", "numpy", "torch"} & set(done.stdout.split()) == set()


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'load_nothing'"):
        bench.load_nothing  # noqa: B018 - looking is what is tested
