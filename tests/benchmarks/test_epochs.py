"""What an epoch costs from what was kept and from images, side by side in one run.

`pytest --benchmark-only tests/benchmarks/test_epochs.py` on an otherwise idle machine; about six minutes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from notebook_loop import NotebookLoop
from pooled import Pooled

from bench.data.images.loading import ordered_batches
from bench.data.images.transforms import eval_transform, normalize
from bench.hardware.device import frozen_batch, one_thread
from bench.models.classifier import Classifier
from bench.spec import RunSpec
from bench.train.frozen.backends import BACKENDS, prepare
from bench.train.frozen.backends.base import Compute
from bench.train.hooks import Hooks
from bench.train.run import Run
from bench.train.trainer import Trainer
from bench.train.workbench import Workbench

pytestmark = pytest.mark.shared_data
NOTEBOOK = "recomputed as notebooks do"
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


def test_an_epoch_of_a_linear_probe(benchmark, lite0, workbench, tmp_path, say, shared_data):
    """From the cache; by a pass with each backend, heads not counted; by the loop that most notebooks have."""
    spec = lite0("linear")
    loaded = workbench.shelf.load(spec)
    with training(spec, workbench, tmp_path / "run.pt", epochs=20) as epoch, NotebookLoop(shared_data) as loop:
        ways = passes(spec, loaded.classifier(spec, workbench.device), workbench)
        seconds: dict[str, list[float]] = {name: [] for name in (*ways, NOTEBOOK)}
        cached = []

        def all_of_them() -> None:
            with one_thread():
                cached.append(epoch())
            for name, way in ways.items():
                seconds[name].append(timed(way))
            seconds[NOTEBOOK].append(loop.epoch())

        benchmark.pedantic(all_of_them, rounds=2)
    splits, images = (
        Run(spec, workbench, tmp_path / "run.pt", Hooks()).splits,
        len(workbench.dataset.images("train")),
    )
    kept, share = median(cached), len(splits.train) / images
    took = {name: median(found) * share for name, found in seconds.items()}
    say(f"\nlinear probe, {len(splits.train)} images an epoch, decoding included")
    say(f"{'from the cache':28s} {kept * 1000:8.1f} ms")
    for name, each in took.items():
        say(f"{name:28s} {each:8.1f} s, {each / kept:6,.0f} x")
    assert took.pop(NOTEBOOK) / kept >= 1000
    assert min(took.values()) / kept >= 150


def passes(spec: RunSpec, model: Classifier, workbench: Workbench) -> dict[str, Callable[[], None]]:
    """Prepare a pass over every training image with each backend that this machine has."""
    device, source, size = workbench.device, workbench.dataset.images("train"), spec.transform.image_size
    made: dict[str, Callable[[], None]] = {}

    def one_pass(compute: Compute) -> None:
        taken = frozen_batch(device)
        for raw in ordered_batches(source, range(len(source)), eval_transform(spec.transform), taken, workers=2):
            compute(normalize(raw, spec.transform, device=device))

    for name, backend in BACKENDS.items():
        if backend.lacking(device, "fp32") is None:
            example = torch.randn(frozen_batch(device), 3, size, size, device=device)
            compute = prepare(name, Pooled(model.backbone), example, device=device, precision="fp32")
            made[f"recomputed, {name}"] = partial(one_pass, compute)
    return made


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
