"""What a model says about images, as plain records that are made with torch and shown without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""An image (height, width, 3)."""


@dataclass(frozen=True)
class Guess:
    """A class that an image may show: its number under its target, its name, its softmax probability."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Predicted:
    """One image: the most probable classes under each target, most probable first.

    `pixels` are the image as the model saw it; None where nobody asked for them.
    """

    image: str
    guesses: dict[str, tuple[Guess, ...]]
    pixels: Pixels | None = None

    @property
    def best(self) -> Guess:
        """The most probable class under the first target."""
        return next(iter(self.guesses.values()))[0]
