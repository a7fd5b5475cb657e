from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bench.spec import (
    BackboneSpec,
    RecipeSpec,
    RunSpec,
    ScheduleSpec,
    WeightsSpec,
    canonical,
    digest,
)


def run(**changes: Any) -> RunSpec:
    """A run with the fewest fields given, and `changes`."""
    return RunSpec.model_validate(
        {
            "dataset": {"name": "cub", "num_classes": 200, "fingerprint": "f00d"},
            "backbone": {
                "library": "timm",
                "architecture": "resnet18",
                "weights": {"source": "hub", "tag": "tv_in1k", "location": "timm/resnet18.tv_in1k"},
            },
            "strategy": "linear",
            "recipe": {},
            "transform": {"image_size": 224},
            **changes,
        }
    )


def test_run_ids_are_the_same_in_every_version_of_bench():
    """A change here makes finished runs unknown: raise PROTOCOL where it is meant, else find what changed."""
    full = run(
        strategy="last_blocks(1)+norm",
        seed=3,
        precision="bf16",
        recipe={
            "optimizer": "sgd",
            "lr": 0.01,
            "schedule": {"kind": "step", "step_size": 2, "gamma": 0.5},
            "early_stopping": {"patience": 3},
            "head": ["linear(64)", "relu", "linear"],
            "augment": ["horizontal_flip(p=0.5)"],
            "norm_stats": "update",
        },
    )
    old = {"protocol": 2}
    old_full = full.model_copy(update=old)
    assert run(**old).run_id == "9396e333b411a0b393091369e6ac41a8c720a810a0a5f4bd1cde1cdf17835d23"
    assert old_full.run_id == "2d61bf5637b146996d1a09fdffeadb912601dcf05b63743c4094537f6a6c53a8"
    assert old_full.group_id == "27d600ddc4654ae3a370e89d33368a482ccf8e7f0061830ea13ad58d98b98a84"
    assert run().run_id == "d3758841d0b67fa9b3545547cd15813d5054b4036a7557f39846eaa323e1a7a2"
    assert full.run_id == "ad595b8ddebac15f1e6d22a306e75f82ca27fa7fb8dbcfc011bdebf416a34d77"


def test_early_stopping_without_a_metric_is_the_run_that_names_the_selecting_one():
    def stopping(select: str, **early: object) -> RunSpec:
        return run(recipe={"select": select, "early_stopping": early})

    assert stopping("val_top1").run_id == stopping("val_top1", metric="val_top1").run_id
    assert stopping("val_loss").run_id == stopping("val_loss", metric="val_loss").run_id
    assert stopping("val_loss").recipe.early_stopping.metric == "val_loss"
    assert stopping("val_loss", metric="val_top1").run_id != stopping("val_loss").run_id


def test_a_new_field_at_its_historic_value_changes_no_run_id():
    """Specs from before a field existed lack it: they read back with what the code did then, and keep their id."""
    stored = run(protocol=2).model_dump(mode="json")
    assert "exif" not in stored["transform"]
    assert "exif" not in stored["recipe"]
    assert "subset" not in stored["dataset"]
    assert RunSpec.model_validate(stored).transform.exif == "ignore"
    assert run(transform={"image_size": 224, "exif": "ignore", "ground": "black"}).run_id == run().run_id
    assert run(transform={"image_size": 224, "exif": "follow"}).run_id != run().run_id
    assert run(transform={"image_size": 224, "ground": "white"}).run_id != run().run_id


def test_equal_meaning_is_the_same_run():
    assert run(recipe={"lr": 1}).run_id == run(recipe={"lr": 1.0}).run_id == run(recipe={"lr": "1e0"}).run_id
    assert run(recipe={"epochs": 5}).run_id == run(recipe={"epochs": 5.0}).run_id
    assert run(recipe={"head": ["linear"]}).run_id == run(recipe={"head": ("linear",)}).run_id
    assert run(recipe={}).run_id == run(recipe=RecipeSpec().model_dump()).run_id
    assert run(seed=0).run_id == run().run_id


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"strategy": "full"},
        {"precision": "bf16"},
        {"backend": "compile"},
        {"protocol": 2},
        {"recipe": {"lr": 1e-4}},
        {"transform": {"image_size": 225}},
        {"dataset": {"name": "cub", "num_classes": 200, "fingerprint": "beef"}},
        {"dataset": {"name": "cub", "num_classes": 200, "fingerprint": "f00d", "split_seed": 1}},
        {"backbone": {"library": "torchvision", "architecture": "resnet18"}},
        {"backbone": {"library": "timm", "architecture": "resnet18", "weights": {"digest": "0" * 64}}},
    ],
    ids=str,
)
def test_whatever_may_change_the_result_changes_the_run_id(changes):
    assert run(**changes).run_id != run().run_id


def test_runs_that_differ_only_in_their_seed_are_one_group():
    assert run(seed=1).group_id == run(seed=2).group_id
    assert run(seed=1).group_id != run(seed=1, strategy="full").group_id
    assert run().group_id != run().run_id


def test_where_a_weights_file_lies_is_no_part_of_the_identity():
    def started_from(path: str) -> RunSpec:
        weights = WeightsSpec(source="file", tag="mine", digest="ab" * 32, path=path)
        return run(backbone=BackboneSpec(library="timm", architecture="resnet18", weights=weights))

    assert started_from("/a/mine.pth").run_id == started_from("/b/mine.pth").run_id
    assert "/a/mine.pth" not in canonical(started_from("/a/mine.pth"))


def test_a_spec_survives_its_canonical_json():
    spec = run(recipe={"early_stopping": {"patience": 3}, "augment": ["rotation(degrees=30.0)"]})
    assert RunSpec.model_validate_json(canonical(spec)) == spec
    assert RunSpec.model_validate(json.loads(canonical(spec))).run_id == spec.run_id


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_canonical_json_reads_back_and_does_not_depend_on_the_order_of_keys(data):
    text = canonical(data)
    assert json.loads(text) == data
    if isinstance(data, dict):
        assert canonical(dict(reversed(data.items()))) == text
        assert digest(data) == digest(dict(reversed(data.items())))


def test_specs_are_frozen_and_refuse_unknown_keys_and_impossible_values():
    with pytest.raises(ValidationError, match="frozen"):
        run().seed = 1
    for wrong in ({"lr": 0}, {"lr": float("nan")}, {"epochs": 0}, {"momentum": 1}, {"learning_rate": 1e-3}):
        with pytest.raises(ValidationError):
            RecipeSpec.model_validate(wrong)
    for wrong in ({"step_size": 0}, {"gamma": 0}, {"factor": 0}, {"t_max": 0}, {"warmup_epochs": -1}):
        with pytest.raises(ValidationError):
            ScheduleSpec.model_validate(wrong)


def test_a_backbone_s_name_has_its_library_and_not_its_weights():
    assert run().backbone.name == "timm/resnet18"
