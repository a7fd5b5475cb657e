"""What an epoch costs from what was kept and from images, side by side in one run.

`pytest --benchmark-only tests/benchmarks/test_epochs.py` on an otherwise idle machine; about six minutes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.classifier import Classifier
from bench.data.loading import ordered_batches
from bench.data.transforms import eval_transform, normalize
from bench.device import one_thread
from bench.spec import RunSpec
from bench.train.hooks import Hooks
from bench.train.run import Run
from bench.train.trainer import Trainer
from bench.train.workbench import Workbench

pytestmark = pytest.mark.shared_data
Epoch = Callable[[], float]


@contextmanager
def training(spec: RunSpec, workbench: Workbench, path: Path, epochs: int = 1) -> Iterator[Epoch]:
    """Give what trains a run for an epoch, and returns its seconds: training alone, without the evaluation."""
    run = Run(spec, workbench, path, Hooks())
    with run.at_work():
        trainer = Trainer(run.part, run.inputs, spec, workbench.device, Hooks(), path)

        def epoch() -> float:
            return sum(trainer._train().seconds for _ in range(epochs)) / epochs

        yield epoch


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_an_epoch_of_a_linear_probe(benchmark, lite0, workbench, tmp_path, say):
    """From the cache, and by the loop that most notebooks have: decode, eager contiguous forward, batch 32."""
    spec = lite0("linear")
    with training(spec, workbench, tmp_path / "run.pt", epochs=20) as epoch:
        model = (
            workbench.shelf.load(spec).classifier(spec, workbench.device).to(memory_format=torch.contiguous_format)
        )
        images, seconds, cached = len(workbench.dataset.images("train")), [], []
        share = len(Run(spec, workbench, tmp_path / "other.pt", Hooks()).splits.train) / images

        def both() -> None:
            with one_thread():
                cached.append(epoch())
            seconds.append(timed(lambda: notebook_epoch(spec, model, workbench)) * share)

        benchmark.pedantic(both, rounds=2)
    (kept,) = workbench.cache.list()
    ours = kept.seconds * share * images / kept.images
    ratio, best = median(seconds) / median(cached), ours / median(cached)
    say(f"\nlinear probe, {round(images * share)} images an epoch, decoding included")
    say(f"from the cache            {median(cached) * 1000:9.1f} ms")
    say(f"recomputed, channels-last {ours:9.1f} s, {best:,.0f} x")
    say(f"recomputed, as notebooks  {median(seconds):9.1f} s, {ratio:,.0f} x")
    assert ratio >= 1000
    assert best >= 150


def notebook_epoch(spec: RunSpec, model: Classifier, workbench: Workbench) -> None:
    """Train the head for an epoch over every training image."""
    source, labels = workbench.dataset.images("train"), torch.arange(32) % spec.dataset.num_classes
    optimizer = torch.optim.Adam(model.head.parameters())
    for raw in ordered_batches(
        source, range(len(source)), eval_transform(spec.transform), 32, workers=2, ahead=False
    ):
        pixels: Tensor = normalize(raw, spec.transform, device=workbench.device)
        loss = nn.functional.cross_entropy(model(pixels), labels[: len(pixels)].to(workbench.device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize("strategy", ["last_blocks(1)", "neck"])
def test_an_epoch_from_the_frontier(benchmark, lite0, workbench, tmp_path, say, strategy):
    """Eager and channels-last on both sides; the images of the uncached side are decoded beforehand."""
    spec = lite0(strategy, "augment=[]")
    uncached = replace(workbench, cache_bytes=0)
    found: dict[str, list[float]] = {"frontier": [], "images": []}
    with (
        training(spec, workbench, tmp_path / "frontier.pt", 2) as frontier,
        training(spec, uncached, tmp_path / "images.pt") as images,
    ):

        def both() -> None:
            found["frontier"].append(frontier())
            found["images"].append(images())

        benchmark.pedantic(both, rounds=2)
    kept, computed = (min(found[name]) for name in ("frontier", "images"))
    say(f"\n{strategy}: {computed:.1f} s from images, {kept:.1f} s from the frontier: {computed / kept:.1f} x")
    assert math.isfinite(kept)
    if strategy == "last_blocks(1)":
        assert computed / kept >= 4
