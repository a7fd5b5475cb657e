"""How evenly the classes of a dataset are filled, and what naming the largest one is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.data.checks.check import OfficialSplit
from bench.data.manifest import Manifest


@dataclass(frozen=True)
class Balance:
    """The classes of one target in one split: the images of each by name, and shares of the split's images.

    `majority_share` is that of the largest class in this split; `naming_majority` is the top-1 accuracy here of
    always naming the largest class of train, `majority`.
    """

    counts: Mapping[str, int]
    majority: str
    majority_share: float
    naming_majority: float

    @property
    def images(self) -> int:
        """How many images there are."""
        return sum(self.counts.values())


def balances(manifest: Manifest, target: str) -> dict[OfficialSplit, Balance]:
    """Count the classes of a target in every split; of equally large ones the first is the majority."""
    names = manifest.class_names(target)
    counts = {
        split: np.bincount(manifest.labels(split, target), minlength=len(names)) for split in manifest.splits
    }
    largest = int(counts["train"].argmax())
    return {
        split: Balance(
            dict(zip(names, found.tolist(), strict=True)),
            names[largest],
            float(found.max() / max(1, found.sum())),
            float(found[largest] / max(1, found.sum())),
        )
        for split, found in counts.items()
    }
