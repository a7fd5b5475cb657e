"""What the runs of one sweep share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from bench.data.datasets import Dataset
from bench.data.splits import Splits, split
from bench.hardware.gauge import Gauge
from bench.spec import DatasetSpec, RunSpec
from bench.train.frozen.cache import FeatureCache
from bench.train.loaded import Shelf

CACHE_BYTES = 20_000_000_000


@dataclass
class Workbench:
    """The device, the opened dataset, the backbone at hand, kept activations, latencies once measured, a gauge.

    `cache_bytes` is how much may be kept on disk in all; `planned` are the runs still to come: a pass over the
    images keeps what they need along with what it was made for.
    """

    device: torch.device
    dataset: Dataset
    cache: FeatureCache = field(default_factory=FeatureCache)
    workers: int | None = None
    cache_bytes: int = CACHE_BYTES
    planned: Sequence[RunSpec] = ()
    shelf: Shelf = field(default_factory=Shelf)
    latencies: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)
    gauge: Gauge = field(init=False)
    _splits: dict[DatasetSpec, Splits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gauge = Gauge(self.device)

    def splits(self, data: DatasetSpec) -> Splits:
        """Split the dataset as runs see it, once for all of them."""
        if data not in self._splits:
            manifest = self.dataset.manifest
            subset = data.subset.counts if data.subset else None
            self._splits[data] = split(manifest, data.target, data.val_fraction, data.split_seed, subset)
        return self._splits[data]
