"""How a plan's images are read: what their dataset needs, or what the recipe says."""

from __future__ import annotations

import pytest

from bench.errors import DataError
from bench.plan.reading import reading_elsewhere, resolve_reading
from bench.records.image_facts import UNSEEN, PixelCounts
from bench.registry.entries import RecipeEntry
from bench.spec import RecipeSpec, RunSpec, TransformSpec

TURNED = PixelCounts(images=10, turned=4)
DARK = PixelCounts(images=10, transparent=10, transparent_dark=6)
LIGHT = PixelCounts(images=10, transparent=10, transparent_dark=5)
DEEP = PixelCounts(images=10, deep=10, low=0, high=4000)


def choice(plan, counts, *settings):
    (found,) = plan(["timm/test_efficientnet"], ["linear"], pixels=counts, settings=settings).choices
    return found


def test_images_that_can_be_read_in_one_way_leave_the_spec_as_it_was(plan):
    plain = choice(plan, PixelCounts(images=10))
    assert plain.transform.model_dump().keys().isdisjoint({"exif", "ground", "value_range"})
    assert plain.recipe.model_dump().keys().isdisjoint({"exif", "ground", "value_range"})
    assert choice(plan, UNSEEN).transform == plain.transform


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (TURNED, {"exif": "follow"}),
        (DARK, {"ground": "white"}),
        (LIGHT, {}),
        (DEEP, {"value_range": (0, 4095)}),
        (TURNED + DARK + DEEP, {"exif": "follow", "ground": "white", "value_range": (0, 4095)}),
    ],
)
def test_the_transform_says_what_the_images_need(plan, counts, expected):
    transform = choice(plan, counts).transform.model_dump()
    found = {key: transform[key] for key in ("exif", "ground", "value_range") if key in transform}
    assert found == expected


def test_what_is_set_goes_before_what_is_needed(plan):
    for setting, key, value in (("exif=ignore", "exif", "ignore"), ("ground=grey", "ground", "grey"),
                                ("value_range=[0, 65535]", "value_range", (0, 65_535))):  # fmt: skip
        assert getattr(choice(plan, TURNED + DARK + DEEP, setting).transform, key) == value


def test_the_probe_takes_the_settings_of_reading_too(plan, registry):
    probe = registry.get(RecipeEntry, "probe")
    settings = ("exif=ignore", "ground=grey", "value_range=[0, 255]")
    (found,) = plan(["timm/test_efficientnet"], ["linear"], pixels=TURNED, recipe=probe, settings=settings).choices
    assert (found.transform.exif, found.transform.ground) == ("ignore", "grey")


def test_to_set_what_is_needed_anyway_changes_no_run(plan):
    needed = choice(plan, TURNED + DARK)
    said = choice(plan, TURNED + DARK, "exif=follow", "ground=white")
    assert (said.recipe, said.transform) == (needed.recipe, needed.transform)
    assert choice(plan, UNSEEN, "exif=ignore").recipe == choice(plan, UNSEEN).recipe


def test_what_is_set_against_it_is_in_the_spec(plan):
    assert choice(plan, TURNED, "exif=ignore").recipe.model_dump()["exif"] == "ignore"


def test_the_plan_says_in_words_how_images_are_read(plan):
    made = plan(["timm/test_efficientnet"], ["linear"], pixels=TURNED + DARK + DEEP)
    turned, transparent, deep = made.remarks
    assert turned.startswith("4 of 30 images have an EXIF orientation: turned as it asks")
    assert "6 of them dark: put on white" in transparent
    assert "0 is black, 4,095 white" in deep
    assert plan(["timm/test_efficientnet"], ["linear"], pixels=PixelCounts(images=9)).remarks == []


@pytest.mark.parametrize("setting", ["exif=turn", "ground=red", "value_range=[4, 4]", "value_range=[0]"])
def test_a_wrong_value_is_refused(plan, setting):
    from bench.errors import RecipeError

    with pytest.raises(RecipeError):
        choice(plan, TURNED, setting)


def test_a_range_that_is_set_serves_where_none_can_be_found():
    both = PixelCounts(deep=2, low=0, high=900, float_low=0, float_high=1)
    with pytest.raises(DataError):
        resolve_reading(RecipeSpec(), both)
    assert resolve_reading(RecipeSpec(value_range=(0, 1)), both)[1]["value_range"] == (0, 1)


def run(protocol=3, recipe=None, **transform):
    return RunSpec.model_validate(
        {
            "protocol": protocol,
            "dataset": {"name": "any", "num_classes": 2},
            "backbone": {"library": "timm", "architecture": "resnet18"},
            "strategy": "linear",
            "recipe": recipe or {},
            "transform": {"image_size": 32, **transform},
        }
    )


def read(spec, counts=UNSEEN):
    found = reading_elsewhere(spec, counts)
    return found.exif, found.ground, found.value_range


def test_other_images_are_read_as_they_need():
    assert read(run()) == ("follow", "black", None)
    assert read(run(), DARK + DEEP) == ("follow", "white", (0, 4095))
    assert read(run(ground="white", value_range=(0, 255))) == ("follow", "white", (0, 255))
    assert read(run(value_range=(0, 255)), DEEP) == ("follow", "black", (0, 4095))


def test_what_a_run_was_told_holds_for_other_images_too():
    assert read(run(recipe={"exif": "ignore", "ground": "grey"}, ground="grey"), TURNED + DARK)[:2] == (
        "ignore",
        "grey",
    )


def test_a_run_of_before_reads_other_images_as_its_own():
    old = run(protocol=2)
    assert reading_elsewhere(old, TURNED + DARK) == old.transform == TransformSpec(image_size=32)
