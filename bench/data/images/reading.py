"""How an image file's pixels become eight bits of red, green and blue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from bench.spec import TransformSpec


@dataclass(frozen=True)
class Reading:
    """The part of a transform that applies when an image is decoded.

    `exif` and `ground` are those of `TransformSpec`; `value_range` are the values that become black and white, of
    images of more than eight bits that do not declare their own.
    """

    exif: Literal["ignore", "follow"] = "ignore"
    ground: Literal["black", "grey", "white"] = "black"
    value_range: tuple[float, float] | None = None

    @classmethod
    def of(cls, spec: TransformSpec) -> Self:
        """Return how a run reads its images."""
        return cls(spec.exif, spec.ground, spec.value_range)


AS_STORED = Reading()
