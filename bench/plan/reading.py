"""How a plan's images are read: their orientation, the ground of transparent ones, the range of deep ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bench.data.image_facts import PixelCounts
from bench.data.value_range import value_range
from bench.spec import RecipeSpec, TransformSpec

KEYS = ("exif", "ground", "value_range")
"""The keys of a recipe and of a transform that say it."""


def reading_of(recipe: RecipeSpec, counts: PixelCounts) -> dict[str, Any]:
    """Decide the transform's keys of reading: the recipe's, or what the dataset's images need.

    Turned images are turned as viewers do. Transparent ones come on white if most of them are dark, else on black,
    so that they can be seen. Raises DataError if the range of values is not known.
    """
    dark = 2 * counts.transparent_dark > counts.transparent
    return {
        "exif": recipe.exif or ("follow" if counts.turned else "ignore"),
        "ground": recipe.ground or ("white" if dark else "black"),
        "value_range": recipe.value_range or value_range(counts),
    }


def reading_remarks(transforms: Iterable[TransformSpec], counts: PixelCounts) -> list[str]:
    """Return what was decided of images that can be read in several ways, a sentence each; nothing of others."""
    found = (line for transform in transforms for line in _remarks(transform, counts))
    return list(dict.fromkeys(found))


def _remarks(transform: TransformSpec, counts: PixelCounts) -> Iterator[str]:
    if counts.turned:
        follow = transform.exif == "follow"
        how = "turned as it asks" if follow else "taken as they are stored"
        other = "ignore" if follow else "follow"
        yield f"{_of(counts.turned, counts)} an EXIF orientation: {how} (--set exif={other} changes that)."
    if counts.transparent:
        dark = f", {counts.transparent_dark:,} of them dark" if counts.transparent_dark else ""
        others = "|".join({"black": 0, "grey": 0, "white": 0}.keys() - {transform.ground})
        yield (
            f"{_of(counts.transparent, counts)} transparent pixels{dark}: "
            f"put on {transform.ground} (--set ground={others} changes that)."
        )
    if counts.deep:
        black, white = transform.value_range or (0, 0)
        how = (
            f"{black:,.10g} is black, {white:,.10g} white" if transform.value_range else "scaled as each file says"
        )
        yield f"{_of(counts.deep, counts)} more than 8 bits: {how} (--set 'value_range=[0, 4095]' changes that)."


def _of(some: int, counts: PixelCounts) -> str:
    return f"{some:,} of {counts.images:,} images ha{'s' if some == 1 else 've'}"
