"""From a named recipe to what one run does: defaults per strategy, overrides, and the backbone's own transform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bench.augment.augmentations import base_name, canonical_augment
from bench.errors import BenchError, RecipeError, unknown_name
from bench.models.head import canonical_head, with_dropout
from bench.plan.reading import resolve_reading
from bench.records.image_facts import UNSEEN, PixelCounts
from bench.registry.entries import DatasetEntry, RecipeEntry
from bench.spec import EarlyStoppingSpec, RecipeSpec, ScheduleSpec, Spec, TransformSpec

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

DROPOUT = "dropout"
"""The keys that can be set beside a recipe's own: the rate of every dropout of its head."""

_NESTED: dict[str, type[Spec]] = {"schedule": ScheduleSpec, "early_stopping": EarlyStoppingSpec}
"""The recipe keys that have keys of their own."""


def for_strategy(entry: RecipeEntry, strategy: str, overrides: Mapping[str, Any]) -> RecipeSpec:
    """Merge a recipe, what differs for the strategy's first part that has an entry, and the user's overrides.

    The override `dropout` is the rate of the head's dropouts. Early stopping watches the metric that selects
    unless one of them names another. Raises RecipeError that names the first key that is not valid.
    """
    parts = [part.partition("(")[0] for part in strategy.split("+")]
    special = next((entry.strategy[part] for part in parts if part in entry.strategy), None)
    merged = {
        **entry.recipe.model_dump(),
        **(special.model_dump(exclude_unset=True) if special else {}),
        **{key: value for key, value in overrides.items() if key != DROPOUT},
    }
    try:
        recipe = RecipeSpec.model_validate(merged).resolved
    except ValidationError as error:
        raise _not_valid(error.errors()[0], entry, strategy) from error
    if DROPOUT not in overrides:
        return recipe
    return recipe.model_copy(update={"head": with_dropout(recipe.head, overrides[DROPOUT])})


def _not_valid(first: ErrorDetails, entry: RecipeEntry, strategy: str) -> BenchError:
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        parent, key = first["loc"][0], str(first["loc"][-1])
        kind, keys = f"key of {parent}", _NESTED.get(str(parent), RecipeSpec).model_fields
        return unknown_name("recipe key" if parent == key else kind, key, keys, RecipeError)
    todo = "Correct it."
    if first["type"] == "tuple_type":
        todo = f"It is a list: --set '{where}={json.dumps([first['input']])}'."
    return RecipeError(
        f"The recipe {entry.name!r} is not valid for {strategy}.", f"{where}: {first['msg']}.", todo
    )


def resolve(
    recipe: RecipeSpec,
    own: TransformSpec,
    dataset: DatasetEntry | None,
    pixels: PixelCounts = UNSEEN,
) -> tuple[RecipeSpec, TransformSpec]:
    """Decide how images become tensors, and take what was decided out of the recipe: one meaning, one run id.

    The recipe goes before the dataset's own image size and crop, and these before the backbone's. `pixels` counts
    the dataset's turned, transparent and deep images. Raises DataError if these cannot be read in one way.
    """
    size = recipe.image_size or (dataset.image_size if dataset else None) or own.image_size
    crop = recipe.crop_pct or (dataset.crop_pct if dataset else None) or own.crop_pct
    kept, read = resolve_reading(recipe, pixels)
    transform = own.model_copy(
        update={
            "image_size": size,
            "crop_pct": crop,
            "interpolation": recipe.interpolation or own.interpolation,
            **read,
        }
    )
    decided = {"image_size": None, "crop_pct": None, "interpolation": None, "precision": "auto"}
    spelled = {"augment": canonical_augment(recipe.augment, transform), "head": canonical_head(recipe.head)}
    views = {} if recipe.augment else {"views": 0}
    return recipe.model_copy(update={**decided, **kept, **spelled, **views}), transform


def suited(recipe: RecipeSpec, dataset: DatasetEntry) -> RecipeSpec:
    """Leave out the augmentations that change what an image of this dataset means: a mirrored 3 is no 3.

    A library's own is left out with ours of its name.
    """
    unsuited = set(map(base_name, dataset.unsuited))
    kept = tuple(text for text in recipe.augment if base_name(text) not in unsuited)
    return recipe.model_copy(update={"augment": kept})
