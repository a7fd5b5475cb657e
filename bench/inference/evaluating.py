"""A saved model tested again on its own test set, and held against what its run recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from bench.data.datasets import Dataset
from bench.data.progress import Progress
from bench.data.splits import split
from bench.hardware.device import hardware
from bench.inference.logits import logits_in_parts, stacked
from bench.inference.trained import Trained
from bench.metrics.accuracy import Floats, measure
from bench.records.predictions import TestPredictions
from bench.records.runs import TestMetrics
from bench.units import Unit

SHARE = 0.001
"""Shares of images may differ by this, or by one image; other kernels decide near-ties otherwise."""

LOSS = {"fp32": 1e-3, "bf16": 0.02, "fp16": 0.01}
"""By precision: how far the loss may be off, as a share of it."""

OFF = {"fp32": 0.01, "bf16": 0.1, "fp16": 0.05}
"""By precision: the norm of the scores' difference over the norm of the scores."""

SCORES = "scores"
"""The name of what is compared of the scores themselves."""

_UNITS: Mapping[str, Unit] = {"top1": "fraction", "top5": "fraction", "macro_f1": "fraction", "loss": "loss"}


@dataclass(frozen=True)
class Compared:
    """One metric of test as the run recorded it (None if it was not finite) and as it is now.

    They are equal if they differ by no more than `allowed`. Of the `scores` it is how far they are from the kept
    ones, as a share of them.
    """

    metric: str
    recorded: float | None
    again: float
    allowed: float

    @property
    def unit(self) -> Unit:
        """The unit of both values."""
        return _UNITS.get(self.metric, "fraction")

    @property
    def equal(self) -> bool:
        """Whether both are the same within the tolerance; two that are not finite are."""
        if self.recorded is None or not math.isfinite(self.recorded):
            return not math.isfinite(self.again)
        return abs(self.again - self.recorded) <= self.allowed


@dataclass(frozen=True)
class Evaluated:
    """A saved model's test: its metrics beside the recorded ones, over `images` images, on `hardware`."""

    run_id: str
    images: int
    metrics: tuple[Compared, ...]
    hardware: str

    @property
    def equal(self) -> bool:
        """Whether every metric is the recorded one within its tolerance."""
        return all(one.equal for one in self.metrics)


def evaluate(
    trained: Trained,
    dataset: Dataset,
    kept: TestPredictions | None,
    device: torch.device,
    progress: Progress | None = None,
) -> Evaluated:
    """Test a model on the test images of its run, seen as the run saw them.

    `dataset` has the fingerprint of the run's; `kept` are the scores that the run kept, if they are there. Raises
    DataError for an image that cannot be decoded.
    """
    data, row, precision = trained.spec.dataset, trained.row, trained.spec.precision
    subset = data.subset.counts if data.subset else None
    part = split(dataset.manifest, data.target, data.val_fraction, data.split_seed, subset).test
    parts = list(logits_in_parts(trained, dataset.images(part.official), part.indices, device, progress))
    scores = stacked(parts, data.num_classes)
    found = measure(TestMetrics, scores, part.labels, part.classes)
    compared = []
    for name, unit in _UNITS.items():
        recorded = getattr(row, f"test_{name}")
        share, loss = max(SHARE, 1 / len(part)), LOSS[precision] * max(1.0, abs(recorded or 0.0))
        compared.append(Compared(name, recorded, getattr(found, name), share if unit == "fraction" else loss))
    if kept is not None and kept.logits.shape == scores.shape:
        compared.append(Compared(SCORES, 0.0, _apart(scores, kept.logits), OFF[precision]))
    return Evaluated(row.run_id, len(part), tuple(compared), hardware(device))


def _apart(scores: Floats, kept: Floats) -> float:
    """Return the norm of the difference over the norm of what was kept; 0 if both are the same, finite or not."""
    if np.array_equal(scores, kept, equal_nan=True):
        return 0.0
    return float(np.linalg.norm(scores - kept) / max(float(np.linalg.norm(kept)), 1e-12))
