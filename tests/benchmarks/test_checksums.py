"""What verifying costs beside the runs that read what is verified: one-sided ratios, measured side by side.

`pytest --benchmark-only tests/benchmarks/test_checksums.py`; the first takes about a minute on two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from bench.disk.checksum import forget_verified

EPOCHS, TIMES, MOST = 30, 5, 0.02

pytestmark = pytest.mark.shared_data


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.parametrize("strategy", ["linear", "last_blocks(1)"])
def test_verifying_kept_features_takes_under_2_percent_of_30_epochs_from_them(
    benchmark: Any, lite0: Any, workbench: Any, tmp_path: Path, say: Any, strategy: str
) -> None:
    from bench.train.hooks import Hooks
    from bench.train.run import Run

    spec = lite0(strategy, "image_size=64", f"epochs={EPOCHS}", "early_stopping=null", "augment=[]", "views=0")

    def run() -> Any:
        (tmp_path / "run.pt").unlink(missing_ok=True)
        return Run(spec, workbench, tmp_path / "run.pt", Hooks()).execute()

    [made] = run().passes  # the frozen pass, and what is measured once

    def verify() -> None:
        forget_verified()
        assert workbench.cache.read(made.key) is not None

    ratios = []
    for _ in range(TIMES if strategy == "linear" else 1):
        verified = seconds(verify)
        ratios.append(verified / seconds(run))
    benchmark.pedantic(verify, rounds=3)
    ratio = median(ratios)
    benchmark.extra_info.update({"share": ratio, "megabytes": made.bytes / 1e6})
    say(f"\n{strategy}: {made.bytes / 1e6:.1f} MB verified in {ratio:.2%} of a run of {EPOCHS} epochs from them")
    assert ratio < MOST
