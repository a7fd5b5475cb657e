"""The first images of every class, in the dataset's own order, to be looked at before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from bench.data.checks.check import OfficialSplit
from bench.data.datasets import Dataset
from bench.data.images.loading import Positions
from bench.errors import DataError

CELLS = 320
"""Images of a gallery at most; of more classes, those at even distances are shown."""

MOST = 8
"""Images of a class at most."""

_SHRUNK = 256


@dataclass(frozen=True)
class ShownClass:
    """One class of a gallery: how many images it has, and the first of them with their ids; None is unreadable."""

    name: str
    count: int
    ids: tuple[str, ...]
    images: tuple[Image.Image | None, ...]


@dataclass(frozen=True)
class Gallery:
    """Classes in the order of their labels, those without an image too; `of` is how many there are in all."""

    split: OfficialSplit
    target: str
    classes: tuple[ShownClass, ...]
    of: int
    faults: tuple[str, ...]


def gallery(dataset: Dataset, split: OfficialSplit, target: str) -> Gallery:
    """Read the first images of each class of an official split; what cannot be read is left out and named."""
    manifest, source = dataset.manifest, dataset.images(split)
    names, labels = manifest.class_names(target), manifest.labels(split, target)
    ids, faults = manifest.splits[split].ids, list[str]()
    shown = _spread(len(names))
    each = max(1, min(MOST, CELLS // max(1, len(shown))))

    def read(rows: Positions) -> Iterator[Image.Image | None]:
        for row in rows:
            try:
                image = source.image(int(row))
                image.thumbnail((_SHRUNK, _SHRUNK))
                yield image
            except DataError as error:
                faults.append(f"{error.what} {error.why}".strip())
                yield None

    classes = []
    for label in shown:
        own = np.flatnonzero(labels == label)
        first = own[:each]
        classes.append(ShownClass(names[label], len(own), tuple(ids[row] for row in first), tuple(read(first))))
    return Gallery(split, target, tuple(classes), len(names), tuple(faults))


def _spread(classes: int) -> list[int]:
    """Choose the classes that are shown: all, or so many at even distances."""
    shown = min(classes, CELLS)
    return [at * classes // shown for at in range(shown)]
