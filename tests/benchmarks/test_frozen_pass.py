"""How fast a frozen pass is, decoding included, by backend, side by side in one run.

`pytest --benchmark-only tests/benchmarks/test_frozen_pass.py` on an otherwise idle machine; the ratios asserted
are for EfficientNet-Lite0 on a CPU.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from notebook_loop import NotebookLoop
from pooled import Pooled
from torch import Tensor, nn

from bench.data.images.loading import ordered_batches
from bench.data.images.transforms import eval_transform, normalize
from bench.hardware.device import frozen_batch, pick, place
from bench.models.weights import load_backbone
from bench.plan.backbones import choose
from bench.plan.count import count_backbone
from bench.registry.loading import Registry
from bench.spec import TransformSpec
from bench.train.frozen.backends import BACKENDS, distance, prepare

BACKBONE = "timm/tf_efficientnet_lite0"
IMAGES, ROUNDS, SIZE = 256, 5, 224
NOTEBOOK = "eager, contiguous, batch 32"
CPU = torch.device("cpu")
WAYS: list[tuple[str, Any]] = [
    ("eager", "fp32"),
    ("compile", "fp32"),
    ("openvino", "fp32"),
    ("openvino", "bf16"),
    ("onnxruntime", "fp32"),
]
OPTIONAL = ("openvino fp32", "openvino bf16", "onnxruntime fp32")
TRANSFORM = TransformSpec(image_size=SIZE, crop_pct=0.875, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

pytestmark = pytest.mark.shared_data


def lite0() -> Pooled:
    """Load EfficientNet-Lite0 with its published weights."""
    return Pooled(load_backbone(choose(Registry.load(), [BACKBONE])[0].spec, SIZE)[0]).eval()


def decoded(source: Any, indices: range) -> Iterator[Tensor]:
    """Decode as the frozen pass does, while what came before is computed."""
    threads = torch.get_num_threads()
    return ordered_batches(source, indices, eval_transform(TRANSFORM), frozen_batch(CPU), workers=threads)


@dataclass
class Way:
    """A way to make a pass: what it does with a batch of decoded images."""

    compute: Callable[[Tensor], Tensor]
    prepared_s: float = 0.0

    def features(self, source: Any) -> tuple[float, Tensor]:
        """Decode and compute; returns images per second, and the features."""
        start = time.perf_counter()
        features = [self.compute(normalize(raw, TRANSFORM)) for raw in decoded(source, range(IMAGES))]
        return IMAGES / (time.perf_counter() - start), torch.cat(features)


class AsNotebooksDo(Way):
    """The loop that most notebooks have, in a process of its own."""

    def __init__(self, loop: NotebookLoop) -> None:
        self.loop, self.prepared_s = loop, 0.0

    def features(self, source: Any) -> tuple[float, Tensor]:  # noqa: ARG002 - it opens the dataset itself
        """Decode and compute; returns images per second, and the features."""
        seconds, features = self.loop.features(IMAGES)
        return IMAGES / seconds, features


@pytest.fixture(scope="module")
def ways(shared_data: Path) -> Iterator[dict[str, Way]]:
    """Prepare every way that this machine has; the first is the loop that most notebooks have."""
    pick("cpu")  # as every command does: from here on freed memory is kept
    frozen = place(lite0(), CPU)
    with NotebookLoop(shared_data, SIZE) as loop:
        made: dict[str, Way] = {NOTEBOOK: AsNotebooksDo(loop)}
        for name, precision in WAYS:
            if BACKENDS[name].lacking(CPU, precision) is None:
                made[f"{name} {precision}"] = _prepared(name, precision, frozen)
        yield made


def _prepared(name: str, precision: Any, frozen: nn.Module) -> Way:
    start = time.perf_counter()
    example = torch.randn(frozen_batch(CPU), 3, SIZE, SIZE)
    compute = prepare(name, frozen, example, device=CPU, precision=precision)
    return Way(lambda images: compute(images)[0], time.perf_counter() - start)


def gmacs_a_second() -> float:
    """Measure the fp32 matrix product, 1e9 multiply-accumulates a second: no fp32 pass can be faster."""
    left, right = torch.randn(2048, 2048), torch.randn(2048, 2048)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
    return 2048**3 / median(times) / 1e9


def test_images_a_second_by_backend(benchmark: Any, birds: Any, ways: dict[str, Way], say: Any) -> None:
    source = birds.images("train")
    rates: dict[str, list[float]] = {name: [] for name in ways}
    features: dict[str, Tensor] = {}
    limits: list[float] = []

    def interleaved() -> None:
        limits.append(gmacs_a_second() / (count_backbone(BACKBONE, SIZE, ["linear"]).macs / 1e9))
        for name, way in ways.items():
            rate, features[name] = way.features(source)
            rates[name].append(rate)

    interleaved()  # warms up
    for seen in (limits, *rates.values()):
        seen.clear()
    benchmark.pedantic(interleaved, rounds=ROUNDS)
    ratios = {name: [a / b for a, b in zip(seen, rates[NOTEBOOK], strict=True)] for name, seen in rates.items()}
    lines = [
        f"{IMAGES} images of cub100 at {SIZE}, decoding included; medians of {ROUNDS} interleaved rounds.",
        f"fp32 matrix products alone would allow {median(limits):.0f} images/s.",
    ]
    for name, seen in rates.items():
        off = distance(features[name], features[NOTEBOOK])
        lines.append(
            f"{name:28s} {median(seen):6.1f} images/s ({min(seen):.1f} to {max(seen):.1f}), "
            f"{median(ratios[name]):5.2f} x ({min(ratios[name]):.2f} to {max(ratios[name]):.2f}), "
            f"{median(seen) / median(limits):.2f} of the limit, {off:.1e} off, "
            f"prepared in {ways[name].prepared_s:.0f} s"
        )
    say("\n".join(["", *lines]))
    best = {name: median(seen) for name, seen in ratios.items()}
    assert max(best[name] for name in ("eager fp32", "compile fp32") if name in best) >= 3
    if any(name in best for name in OPTIONAL):
        assert max(best[name] for name in OPTIONAL if name in best) >= 5
