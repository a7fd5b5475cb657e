"""What a sweep of 72 linear runs costs beside its three frozen passes.

On an otherwise idle machine, about six minutes on two cores:
`BENCH_TEST_LONG=1 pytest --benchmark-only tests/benchmarks/test_sweep_of_heads.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from bench.store.store import Store
from bench.train.frozen.cache import FeatureCache
from bench.units import show

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(os.environ.get("BENCH_TEST_LONG") != "1", reason="takes minutes: set BENCH_TEST_LONG=1"),
]
ROOT = Path(__file__).parents[2]
EPOCHS, RUNS = 30, 72
ASKED = [
    "--dataset", "cub100", "--registry", "tests/registry", "--strategies", "linear", "--seeds", "3",
    "--backbones", "tf_efficientnet_lite0,tf_efficientnet_lite1,tf_efficientnet_lite2", "--epochs", str(EPOCHS),
    "--set", "lr=3e-4,1e-3,3e-3,1e-2", "--set", "weight_decay=0,1e-4", "--set", "early_stopping=null",
]  # fmt: skip


class Resident:
    """The most memory that a process and its children had at once, in bytes, looked at ten times a second."""

    def __init__(self, process: psutil.Process) -> None:
        self.process, self.bytes = process, 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while self.process.is_running():
            try:
                everyone = [self.process, *self.process.children(recursive=True)]
                self.bytes = max(self.bytes, sum(each.memory_info().rss for each in everyone))
            except psutil.NoSuchProcess:
                return
            time.sleep(0.1)


def test_72_linear_runs_cost_little_more_than_their_passes(benchmark, birds, shared_data, tmp_path, say):
    home = {**os.environ, "BENCH_HOME": str(tmp_path / "home")}
    where = ["--db", str(tmp_path / "runs.db"), "--data-root", str(shared_data)]
    command = [sys.executable, "-m", "bench", "sweep", *ASKED, *where]
    seen = []

    def sweep() -> None:
        process = subprocess.Popen(command, cwd=ROOT, env=home, stderr=subprocess.DEVNULL)
        memory = Resident(psutil.Process(process.pid))
        assert process.wait() == 0
        seen.append(memory.bytes)

    benchmark.pedantic(sweep, rounds=1)
    took = benchmark.stats.stats.max
    with Store.open(tmp_path / "runs.db") as store:
        rows = [row for row in store.rows() if row.status == "done"]
    passes = FeatureCache(tmp_path / "home" / "features").list()
    alone = sum(made.seconds for made in passes)
    share = 0.9 * len(birds.images("train")) / passes[0].images  # without val
    uncached = sum(made.seconds * share * EPOCHS * RUNS / len(passes) for made in passes)
    say(f"\n{len(rows)} runs of {EPOCHS} epochs in {show(took, 'seconds')}, {seen[0] / 2**30:.2f} GiB resident")
    say(f"the {len(passes)} frozen passes alone: {show(alone, 'seconds')}: the sweep takes {took / alone:.2f} x")
    say(f"one by one, each epoch a pass over train: {show(uncached, 'seconds')}, {uncached / took:.0f} x")
    assert len(rows) == RUNS
    assert len(passes) == 3
    assert took / alone <= 1.5
    assert uncached / took >= 100
    assert seen[0] < 3 * 2**30
