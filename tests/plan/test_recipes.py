from __future__ import annotations

import pytest

from bench.errors import RecipeError
from bench.plan.recipes import for_strategy, resolve, suited
from bench.registry.entries import DatasetEntry, RecipeEntry
from bench.spec import RecipeSpec, ScheduleSpec, TransformSpec

ENTRY = RecipeEntry.model_validate(
    {
        "name": "mine",
        "recipe": {"lr": 1e-3, "epochs": 20, "schedule": {"kind": "step", "step_size": 3}},
        "strategy": {
            "linear": {"lr": 1e-2, "schedule": {"kind": "constant"}},
            "last_blocks": {"epochs": 5},
            "norm": {"epochs": 6},
        },
    }
)
OWN = TransformSpec(image_size=224, interpolation="bilinear", crop_pct=0.9)


@pytest.mark.parametrize(
    ("strategy", "lr", "epochs"),
    [
        ("full", 1e-3, 20),
        ("linear", 1e-2, 20),
        ("last_blocks(1)", 1e-3, 5),
        ("last_blocks(1)+norm", 1e-3, 5),
        ("neck+norm", 1e-3, 6),
    ],
)
def test_a_strategy_changes_what_its_first_part_with_an_entry_says(strategy, lr, epochs):
    recipe = for_strategy(ENTRY, strategy, {})
    assert (recipe.lr, recipe.epochs) == (lr, epochs)


def test_overrides_go_before_everything_and_a_nested_record_is_replaced_whole():
    recipe = for_strategy(ENTRY, "linear", {"lr": 5, "epochs": 1})
    assert (recipe.lr, recipe.epochs) == (5.0, 1)
    assert recipe.schedule == ScheduleSpec(kind="constant")
    assert for_strategy(ENTRY, "full", {}).schedule.step_size == 3


def test_an_impossible_override_is_an_error_that_names_its_key():
    with pytest.raises(RecipeError) as caught:
        for_strategy(ENTRY, "full", {"momentum": 1})
    assert "momentum" in caught.value.why
    with pytest.raises(RecipeError, match="Did you mean epochs"):
        for_strategy(ENTRY, "full", {"epoch": 1})


def test_what_an_image_becomes_is_the_recipes_else_the_datasets_else_the_backbones_and_leaves_the_recipe():
    dataset = DatasetEntry(name="d", reader="cub", num_classes=2, image_size=64, crop_pct=1.0)
    recipe = RecipeSpec(image_size=96, crop_pct=0.8, interpolation="nearest", precision="bf16")
    resolved, transform = resolve(recipe, OWN, dataset)
    assert (transform.image_size, transform.crop_pct, transform.interpolation) == (96, 0.8, "nearest")
    assert transform.mean == OWN.mean
    assert resolved == RecipeSpec()
    _, transform = resolve(RecipeSpec(), OWN, dataset)
    assert (transform.image_size, transform.crop_pct, transform.interpolation) == (64, 1.0, "bilinear")
    assert resolve(RecipeSpec(), OWN, None)[1] == OWN


def test_augmentations_that_change_what_an_image_means_are_left_out():
    digits = DatasetEntry(name="d", reader="digits", num_classes=10, unsuited=("horizontal_flip",))
    recipe = RecipeSpec(augment=("horizontal_flip(p=0.3)", "rotation(5)"))
    assert suited(recipe, digits).augment == ("rotation(5)",)


@pytest.mark.parametrize(
    "named", ["A.HorizontalFlip(p=1)", "albumentations.HorizontalFlip", "torchvision.RandomHorizontalFlip()"]
)
def test_a_librarys_augmentation_is_left_out_with_ours_of_its_name(named):
    digits = DatasetEntry(name="d", reader="digits", num_classes=10, unsuited=("horizontal_flip", "rotate90"))
    recipe = RecipeSpec(augment=(named, "A.Rotate(limit=5)", "A.RandomRotate90", "A.VerticalFlip(p=1)"))
    assert suited(recipe, digits).augment == ("A.Rotate(limit=5)", "A.VerticalFlip(p=1)")


def test_a_crop_larger_than_the_images_is_found_when_the_recipe_is_resolved():
    recipe = RecipeSpec(augment=("A.RandomCrop(100, 100, p=0.001)",), image_size=64)
    with pytest.raises(RecipeError, match="fails on an image of 64 x 64 pixels"):
        resolve(recipe, OWN, None)
    resolved, _ = resolve(recipe.model_copy(update={"image_size": 100}), OWN, None)
    assert "p=0.001" in resolved.augment[0]
