"""What was found out about one image in a model, as plain records: made with torch, shown without it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.inference.predicted import Guess, Pixels

Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Heat:
    """A map (height, width) of one layer, at that layer's own size, not negative.

    `channels` are the maps of single channels, by their number; those that respond most come first.
    """

    layer: str
    map: Map
    channels: dict[int, Map] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no place counts."""
        return not self.map.max() > 0


@dataclass(frozen=True, eq=False)
class Explained:
    """An image as the model saw it, the class that it predicts, the class that is explained, a map per layer."""

    image: str
    pixels: Pixels
    predicted: Guess
    explained: Guess
    heats: tuple[Heat, ...]
