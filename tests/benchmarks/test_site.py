"""How fast a site is built: `pytest --benchmark-only tests/benchmarks/test_site.py`.

The bar: of 5,000 runs, where each that has a page has predictions of 100 classes, under 20 seconds and 1 GiB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
from plausible_runs import bulk_fill
from predicted_runs import predictions

from bench.report.board.query import Query
from bench.report.build import make_report
from bench.report.site.chosen import choose_runs
from bench.store.artifacts import Artifacts
from bench.store.store import Store


@pytest.fixture(scope="module")
def five_thousand_predicted(tmp_path_factory):
    """5,000 runs; those that get a page keep predictions of 2,000 images."""
    path = tmp_path_factory.mktemp("site") / "runs.db"
    with Store.open(path) as store:
        bulk_fill(store, 5_000)
        artifacts = Artifacts.of(store)
        report = make_report(store, title="", query=Query(), overlaps={})
        for seed, row in enumerate(choose_runs(report)):
            artifacts.stamps.put(artifacts.save_predictions(row.run_id, predictions(100, seed=seed, n=2_000)))
    return path


def test_the_site_of_5_000_runs(benchmark, five_thousand_predicted, tmp_path):
    site = tmp_path / "site"
    words = ["report", "--db", str(five_thousand_predicted), "-o", str(site), "--no-images"]
    benchmark.pedantic(subprocess.run, ([sys.executable, "-m", "bench", *words],), {"check": True}, rounds=1)
    peak_bytes = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the greatest child so far
    pages = list((site / "runs").glob("*.html"))
    benchmark.extra_info |= {"peak MiB": peak_bytes / 2**20, "pages": len(pages)}
    assert benchmark.stats.stats.max < 20
    assert peak_bytes < 2**30
    assert len(pages) > 50
