"""The properties of image files that the planner has to know, and their counts over a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class ImageFacts:
    """Properties of one image file; for a `damaged` or `refused` one only the reason, and the size if it is known.

    `turned`: its EXIF orientation asks for a rotation or a mirror image. `transparent`: a pixel lets the ground
    through. `dark`: it is transparent, and what is opaque has a mean luminance below one half (of its own largest
    value, if it has more than eight bits). `deep`: it has more than eight bits per channel; `floating`: these are
    floats; `low` and `high`: their smallest and largest value, None if the file declares what white is.
    """

    width: int = 0
    height: int = 0
    turned: bool = False
    transparent: bool = False
    dark: bool = False
    deep: bool = False
    floating: bool = False
    low: float | None = None
    high: float | None = None
    damaged: str | None = None
    refused: str | None = None

    @property
    def unusable(self) -> str | None:
        """Why the image cannot be trained on; None if it can."""
        return self.damaged or self.refused


@dataclass(frozen=True)
class PixelCounts:
    """The images of a dataset by what the planner has to know of them, without those that cannot be read.

    `low` and `high` are the extremes of integer values of more than eight bits whose range no file declares,
    `float_low` and `float_high` those of floats; None if there are none.
    """

    images: int = 0
    turned: int = 0
    transparent: int = 0
    transparent_dark: int = 0
    deep: int = 0
    low: float | None = None
    high: float | None = None
    float_low: float | None = None
    float_high: float | None = None

    @classmethod
    def of(cls, facts: Iterable[ImageFacts]) -> Self:
        """Count some images."""
        return sum((cls._of_one(each) for each in facts if each.unusable is None), cls())

    @classmethod
    def _of_one(cls, facts: ImageFacts) -> Self:
        extremes = (facts.low, facts.high)
        return cls(
            1,
            int(facts.turned),
            int(facts.transparent),
            int(facts.dark),
            int(facts.deep),
            *((None, None, *extremes) if facts.floating else (*extremes, None, None)),
        )

    def __add__(self, other: Self) -> Self:
        """Count the images of both."""
        joined: dict[str, Any] = {
            name: _joined(name, number, getattr(other, name)) for name, number in asdict(self).items()
        }
        return type(self)(**joined)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain data: `PixelCounts(**data)` restores them."""
        return asdict(self)


UNSEEN = PixelCounts()
"""The counts of a dataset that was not looked at."""


def _joined(name: str, first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return first if second is None else second
    if name.endswith("low"):
        return min(first, second)
    return max(first, second) if name.endswith("high") else first + second
