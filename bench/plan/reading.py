"""Describes how a plan's images are decoded: EXIF orientation, transparency, bit depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bench.data.images.value_range import value_range
from bench.records.image_facts import UNSEEN, PixelCounts
from bench.spec import RecipeSpec, RunSpec, TransformSpec

DECIDED_SINCE = 3
"""The first protocol whose planner decides how images are read."""


def resolve_reading(recipe: RecipeSpec, counts: PixelCounts) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a recipe keeps of how images are read, and the transform's keys.

    The transform has what the recipe says, or what the dataset's images need. The recipe keeps only what differs
    from that: what was chosen against it. Raises DataError if the range of values is not known.
    """
    needed = _needed(counts)
    kept = {key: said if (said := getattr(recipe, key)) != value else None for key, value in needed.items()}
    transform = {key: kept[key] or value for key, value in needed.items()}
    if transform["value_range"] is None:
        transform["value_range"] = value_range(counts)
    return kept | {"value_range": None}, transform


def reading_elsewhere(spec: RunSpec, counts: PixelCounts = UNSEEN) -> TransformSpec:
    """Return how a run's model reads images that are not of its dataset; `counts` are those of theirs.

    They are turned, composited and scaled as they need, unless the run's recipe says otherwise: a run whose own
    images were all upright follows the orientation of others. Runs from before protocol 3, whose planner did not
    decide it, read others as their own. Raises DataError if the range of values is not known.
    """
    if spec.protocol < DECIDED_SINCE:
        return spec.transform
    changes: dict[str, Any] = {"exif": spec.recipe.exif or "follow"}
    if counts.transparent:
        changes["ground"] = spec.recipe.ground or _needed(counts)["ground"]
    if counts.deep:
        return spec.transform.model_copy(update={**changes, "value_range": value_range(counts)})
    return spec.transform.model_copy(update=changes)


def _needed(counts: PixelCounts) -> dict[str, Any]:
    """Turn images as viewers do, and put transparent ones on the ground that most of them can be seen on."""
    dark = 2 * counts.transparent_dark > counts.transparent
    return {
        "exif": "follow" if counts.turned else "ignore",
        "ground": "white" if dark else "black",
        "value_range": None,
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
