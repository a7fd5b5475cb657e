"""The test images that runs share, and which of them are contested: right in some runs and wrong in others.

Of each run only counts stay in memory. What a page needs of a run is in the run's own data: the classes that it
says, in the order of the set's images.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.metrics.paired import same_order
from bench.records.predictions import Predictions
from bench.report.look.confusion import Counts
from bench.report.look.look import Head
from bench.report.site.thumbnails import Thumbnails
from bench.spec import digest, samples_digest
from bench.store.rows import RunRow

MOST_CONTESTED = 96
"""How many contested images of a set have a thumbnail, those first that runs are most divided about."""

NONE = 65535
"""What stands for "no prediction" among predicted classes, which are written as 16-bit numbers."""


@dataclass(eq=False)
class ImageSet:
    """The test images of one dataset and target. `right` counts for each image the runs that get it right."""

    key: str
    first: Predictions
    row: RunRow
    target: str
    names: tuple[str, ...]
    thumbnails: Thumbnails | None
    runs: int = 0
    right: Counts = field(init=False)

    def __post_init__(self) -> None:
        self.right = np.zeros(len(self.first.ids), np.int64)

    def add(self, said: Predictions) -> npt.NDArray[np.int64]:
        """Count what a run gets right; return the places of the set's images among the run's."""
        same = np.array_equal(self.first.ids, said.ids)
        places = np.arange(len(said.ids)) if same else same_order(self.first, said)
        self.right += right(said)[places]
        self.runs += 1
        return places

    def contested(self) -> list[int]:
        """Return the places of the images that some runs get right and some wrong, the most divided ones first."""
        divided = np.minimum(self.right, self.runs - self.right)
        order = np.argsort(-divided, kind="stable")
        return [int(place) for place in order[: int((divided > 0).sum())]]


class ImageSets:
    """Every set of test images that the runs of a site were measured on."""

    def __init__(self) -> None:
        self._sets: dict[str, ImageSet] = {}

    def of(self, row: RunRow, head: Head, thumbnails: Thumbnails | None) -> ImageSet:
        """Return the set that a head was measured on: runs compare image by image where it is the same."""
        said = head.said
        order = np.argsort(said.ids, kind="stable")
        samples = samples_digest(said.ids[order].tolist(), said.labels[order])
        key = digest([row.dataset, row.fingerprint, head.target, samples], "set")[:16]
        if key not in self._sets:
            images = type(said)(said.ids, said.labels, np.zeros((len(said.ids), 0), np.float32))
            self._sets[key] = ImageSet(key, images, row, head.target, head.diagnosis.names, thumbnails)
        return self._sets[key]

    def all(self) -> Sequence[ImageSet]:
        """Return the sets, in the order of the first run of each."""
        return tuple(self._sets.values())


def set_data(key: str) -> str:
    """Return the key of a set's data."""
    return f"sets/{key}"


def set_record(images: ImageSet) -> dict[str, Any]:
    """Return what pages need of a set; thumbnails are written for the most contested of its images."""
    contested = images.contested()
    thumbnails = images.thumbnails
    if thumbnails:
        for place in contested[:MOST_CONTESTED]:
            thumbnails.path(place)
    return {
        "dataset": images.row.dataset,
        "target": images.target,
        "names": images.names,
        "ids": images.first.ids.tolist(),
        "labels": packed(images.first.labels),
        "runs": images.runs,
        "contested": len(contested),
        "thumbnails": {str(place): path for place, path in sorted(thumbnails.paths.items())} if thumbnails else {},
        "bytes": thumbnails.bytes if thumbnails else 0,
    }


def said_record(images: ImageSet, head: Head) -> dict[str, Any]:
    """Return what a head says, image by image in the set's order: a bit for right, and the predicted class."""
    places = images.add(head.said)
    return {
        "set": images.key,
        "right": _text(np.packbits(right(head.said)[places], bitorder="little")),
        "said": packed(predicted(head.said)[places]),
    }


def predicted(said: Predictions) -> npt.NDArray[np.int64]:
    """Return the class that is predicted of each image (n,), -1 where its logits are not finite."""
    finite = np.isfinite(said.logits).all(axis=1)
    return np.where(finite, said.logits.argmax(axis=1), -1)


def right(said: Predictions) -> npt.NDArray[np.bool_]:
    """Return which images are right (n,)."""
    return np.asarray(predicted(said) == said.labels)


def packed(classes: npt.NDArray[np.int64]) -> str:
    """Write classes (n,) as base64 of little-endian 16-bit numbers; -1, and what has no room, as `NONE`."""
    fits = (classes >= 0) & (classes < NONE)
    return _text(np.where(fits, classes, NONE).astype("<u2"))


def _text(array: npt.NDArray[np.generic]) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")
