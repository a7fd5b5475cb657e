"""How sure a model is when right and when wrong, and what it gains by staying silent when it is not sure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bench.metrics.calibration import Floats, Truths

STEPS = 20


@dataclass(frozen=True)
class Sureness:
    """The confidence of n images: mean, median, and how many are in each of `STEPS` equal bins over [0, 1]."""

    n: int
    mean: float
    median: float
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class Covered:
    """The surest `coverage` of the images: their accuracy, and the confidence that the least sure of them has."""

    coverage: float
    accuracy: float
    confidence: float


def sureness(confidence: Floats) -> Sureness:
    """Summarise confidences (n,); without any, mean and median are NaN."""
    counts, _ = np.histogram(confidence, bins=STEPS, range=(0, 1))
    if not len(confidence):
        return Sureness(0, math.nan, math.nan, tuple(map(int, counts)))
    middle = float(np.median(confidence))
    return Sureness(len(confidence), float(confidence.mean()), middle, tuple(map(int, counts)))


def selective(confidence: Floats, right: Truths, steps: int = STEPS) -> list[Covered]:
    """Return accuracy at `steps` equal steps of coverage, the surest images first (El-Yaniv and Wiener 2010).

    Among equally sure images the share that is right counts, whatever their order. Empty without images.
    """
    n = len(confidence)
    if not n:
        return []
    order = np.argsort(-confidence, kind="stable")
    sure, hits = confidence[order], np.cumsum(right[order])
    ends = np.flatnonzero(np.append(np.diff(sure) != 0, True))  # the last image of each confidence
    coverages = np.arange(1, steps + 1) / steps
    answered = np.interp(coverages * n, np.append(0, ends + 1), np.append(0, hits[ends]))
    least = sure[np.maximum(np.ceil(coverages * n - 1e-9).astype(int) - 1, 0)]
    return [
        Covered(float(c), float(h / (c * n)), float(s)) for c, h, s in zip(coverages, answered, least, strict=True)
    ]
