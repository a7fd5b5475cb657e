"""The loop that most notebooks have: eager, contiguous, batches of 32, decoding between them.

It runs in a process of its own, with the allocator as torch comes with it, for bench changes how its own process
frees memory (`bench.hardware.allocator`), and what is measured in the same process would profit from that.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from pooled import Pooled
from torch import Tensor, nn

REGISTRY = Path(__file__).parents[1] / "registry"
BACKBONE, DATASET, BATCH = "timm/tf_efficientnet_lite0", "cub100", 32


class NotebookLoop:
    """EfficientNet-Lite0 on `cub100`; each question is answered by the other process while this one waits."""

    def __init__(self, data_root: Path, size: int = 224) -> None:
        context = multiprocessing.get_context("spawn")
        self._ask, asked = context.Pipe()
        self._process = context.Process(target=_serve, args=(asked, data_root, size), daemon=True)
        self._process.start()

    def features(self, images: int) -> tuple[float, Tensor]:
        """Compute the pooled features of the first training images; returns the seconds, and the features."""
        self._ask.send(("features", images))
        seconds, features = self._ask.recv()
        return seconds, torch.from_numpy(features)

    def epoch(self) -> float:
        """Train a linear head for an epoch over every training image; returns the seconds."""
        self._ask.send(("epoch", None))
        return float(self._ask.recv())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()


def _serve(asked: Connection, data_root: Path, size: int) -> None:
    """Answer until the other process ends."""
    loop = _Loop(data_root, size)
    while True:
        what, images = asked.recv()
        asked.send(loop.features(images) if what == "features" else loop.epoch())


class _Loop:
    def __init__(self, data_root: Path, size: int) -> None:
        from bench.data.datasets import open_dataset
        from bench.models.weights import load_backbone
        from bench.plan.backbones import choose
        from bench.registry.entries import DatasetEntry
        from bench.registry.loading import Registry
        from bench.spec import TransformSpec

        dataset = open_dataset(Registry.load([REGISTRY]).get(DatasetEntry, DATASET), data_root=data_root)
        self.source, self.classes = dataset.images("train"), 100
        spec = choose(Registry.load(), [BACKBONE])[0].spec
        self.transform = TransformSpec(image_size=size, crop_pct=0.875, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
        self.model = Pooled(load_backbone(spec, size)[0]).eval().requires_grad_(requires_grad=False)

    def features(self, images: int) -> tuple[float, Any]:
        start = time.perf_counter()
        with torch.inference_mode():
            found = torch.cat([self.model(pixels)[0] for pixels in self._batches(images)])
        return time.perf_counter() - start, found.numpy()

    def epoch(self) -> float:
        head = nn.Linear(1280, self.classes)
        labels, optimizer = torch.arange(BATCH) % self.classes, torch.optim.Adam(head.parameters())
        start = time.perf_counter()
        for pixels in self._batches(len(self.source)):
            loss = nn.functional.cross_entropy(head(self.model(pixels)[0]), labels[: len(pixels)])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return time.perf_counter() - start

    def _batches(self, images: int) -> Iterator[Tensor]:
        """Decode a batch with as many threads as there are cores, then rest while it is computed."""
        from bench.data.images.loading import ordered_batches
        from bench.data.images.transforms import eval_transform, normalize

        threads, decode = torch.get_num_threads(), eval_transform(self.transform)
        for raw in ordered_batches(self.source, range(images), decode, BATCH, workers=threads, ahead=False):
            yield normalize(raw, self.transform)
