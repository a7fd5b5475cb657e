"""Per-image predictions of a run for another dataset, head by head, in NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.transfer.scores import Floats, Labels, confidences


@dataclass(frozen=True)
class HeadSays:
    """One head's prediction for an image, its confidence, and what each reading of the label map expects.

    `confidence` is the greatest softmax probability; None if a score is not finite, which is never right.
    """

    target: str
    said: str
    confidence: float | None
    expected: Mapping[str, str]

    def right(self, reading: str) -> bool:
        """Whether it says what a reading of the map expects."""
        return self.confidence is not None and self.said == self.expected[reading]


@dataclass(frozen=True)
class TransferredImage:
    """One image: its position in its official split, its file (or id) and label there, what each head says."""

    position: int
    file: str
    label: str
    heads: tuple[HeadSays, ...]


@dataclass(frozen=True)
class ImageTable:
    """Some of `of` images that were evaluated, in the order of their dataset; `seed` drew them, if any did."""

    images: tuple[TransferredImage, ...]
    of: int
    seed: int | None


def drawn(of: int, count: int | None, seed: int) -> Labels:
    """Draw `count` of the first `of` whole numbers, without repetition and in order; all without a count."""
    if count is None or count >= of:
        return np.arange(of)
    return np.sort(np.random.default_rng(seed).choice(of, count, replace=False))


def head_says(
    target: str, logits: Floats, labels: Labels, names: Sequence[str], readings: Mapping[str, Mapping[int, int]]
) -> list[HeadSays]:
    """Read a head's scores (n, classes) of images with their `labels` (n,); `names` are our classes.

    `readings` of the map lead from their label to our class.
    """
    with np.errstate(over="ignore"):
        sure, best = confidences(logits), logits.argmax(axis=1)
    return [
        HeadSays(
            target,
            names[best[at]],
            float(sure[at]) if np.isfinite(logits[at]).all() else None,
            {reading: names[led[int(label)]] for reading, led in readings.items()},
        )
        for at, label in enumerate(labels)
    ]


def image_records(table: ImageTable) -> list[dict[str, Any]]:
    """Return a flat record per image: file, label there, and by head what is said, how sure, and whether right.

    A second reading of the map, by name, has columns of its own.
    """
    records = []
    for image in table.images:
        record: dict[str, Any] = {"file": image.file, "label": image.label}
        for head in image.heads:
            record[f"{head.target}_said"] = head.said
            record[f"{head.target}_confidence"] = head.confidence
            for reading in head.expected:
                end = "" if reading == next(iter(head.expected)) else f"_{reading.replace(' ', '_')}"
                record[f"{head.target}_expected{end}"] = head.expected[reading]
                record[f"{head.target}_right{end}"] = head.right(reading)
        records.append(record)
    return records
