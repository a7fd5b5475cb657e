"""What a linear probe of real birds reaches from kept activations, and from images in every epoch: the same.

`BENCH_TEST_LONG=1 pytest --benchmark-only tests/benchmarks/test_accuracy_with_the_cache.py`; a quarter of an hour.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.spec import RunSpec
from bench.train.hooks import Hooks
from bench.train.run import Outcome, Run
from bench.train.workbench import Workbench

EPOCHS, SEEDS = 5, (0, 1, 2)

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not os.environ.get("BENCH_TEST_LONG"), reason="a quarter of an hour: BENCH_TEST_LONG=1"),
]


def trained(spec: RunSpec, workbench: Workbench, path: Path) -> Outcome:
    """Train one run from its first epoch."""
    return Run(spec, workbench, path, Hooks()).execute()


def test_the_cache_changes_no_accuracy(
    benchmark: Any, lite0: Any, workbench: Workbench, tmp_path: Path, say: Any
) -> None:
    specs = [lite0("linear", f"epochs={EPOCHS}").model_copy(update={"seed": seed}) for seed in SEEDS]
    without = replace(workbench, cache_bytes=0)
    found: list[tuple[Outcome, Outcome]] = []

    def pairs() -> None:
        for spec in specs:
            kept = trained(spec, workbench, tmp_path / f"kept-{spec.seed}.pt")
            found.append((kept, trained(spec, without, tmp_path / f"images-{spec.seed}.pt")))

    benchmark.pedantic(pairs, rounds=1)
    say(f"\nLite0 at 224 on cub100, linear, {EPOCHS} epochs: test top-1 from the cache, from images, largest gap")
    for spec, (kept, images) in zip(specs, found, strict=True):
        assert (kept.result.frontier, images.result.frontier) == ("pooled", "images")
        gap = float(np.abs(kept.test_logits - images.test_logits).max())
        ours, theirs = kept.result.test.top1, images.result.test.top1
        points = 100 * (ours - theirs)
        say(f"seed {spec.seed}: {ours:.4f} {theirs:.4f}, difference {points:+.2f} points, {gap:.1e}")
        assert abs(ours - theirs) <= 0.002
        assert kept.result.best_epoch == images.result.best_epoch
