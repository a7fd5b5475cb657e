"""A study's runs as the planner gets them: what is stated, what is assumed, what stands in."""

from __future__ import annotations

import pytest

from bench.data.manifest import ManifestHeader
from bench.errors import BenchError
from bench.plan.enumerate import Request, make_plan
from bench.plan.variants import Variant
from bench.spec import RecipeSpec
from bench.studies.changes import Changes, changes_of, renamed
from bench.studies.planning import chosen, data_of, plan_run, recipe_of

SMALL = ManifestHeader("digits", "f" * 64, "s", {"label": 10}, {"train": 1438, "test": 359})


def test_the_run_goes_before_its_study_and_what_is_stated_before_what_is_assumed(studies):
    study = studies["cifar100-ensemble"]
    scratch, _, small = study.run
    assert (recipe_of(study, scratch, Changes())["lr"], recipe_of(study, small, Changes())["lr"]) == (
        study.assumed["lr"], small.recipe.lr
    )  # fmt: skip
    assert recipe_of(study, small, Changes(settings=("lr=0.5",), epochs=2))["lr"] == 0.5
    assert recipe_of(study, small, Changes(epochs=2))["epochs"] == 2


def test_what_is_assumed_of_a_part_joins_what_is_stated_of_it(studies):
    study = studies["cub-10m"]
    (plateau,) = chosen(study, ["b0-last-block-plateau"])
    schedule = RecipeSpec.model_validate(recipe_of(study, plateau, Changes())).schedule
    assert (schedule.kind, schedule.metric, schedule.patience) == ("plateau", "val_loss", 10)


def test_everything_assumed_is_in_the_spec_of_some_run(studies, registry, place):
    for study in studies.values():
        runs = [run for run in study.run if run.name != "tiny-augmented-dropout"]
        specs = {run.name: spec_of(registry, study, run, place(study.dataset)) for run in runs}
        for run in runs:
            recipe, transform = specs[run.name].recipe, specs[run.name].transform
            for key, value in {**study.assumed, **run.assumed}.items():
                if key in run.recipe.model_fields_set or key in ("rule", "schedule"):
                    continue
                if key in run.assumed and key in study.assumed:
                    value = run.assumed[key]  # noqa: PLW2901 - the run's own goes first
                there = {**recipe.model_dump(), "image_size": transform.image_size,
                         "val_fraction": specs[run.name].dataset.val_fraction}  # fmt: skip
                assert there[key] == (tuple(value) if isinstance(value, list) else value), (study.name, run.name)


def spec_of(registry, study, run, where, changes=Changes()):  # noqa: B008 - frozen
    (planned,) = plan_run(registry, study, run, changes, where).runs(lambda _: "fp32")
    return planned.spec


def test_a_run_of_a_study_has_the_id_that_a_sweep_of_the_same_spec_has(studies, registry, place):
    from bench.plan.backbones import choose
    from bench.registry.entries import RecipeEntry

    study = studies["cifar10-freeze-depth"]
    (run,) = chosen(study, ["freeze-stem-and-stage-1"])
    where = place("cifar10", "digits", SMALL)
    changes = Changes(dataset="digits", epochs=2)
    settings = {
        "optimizer": "adam", "lr": 1e-3, "batch_size": 128, "epochs": 2, "image_size": 32, "head": ["linear"],
        "schedule": {"kind": "cosine", "t_max": 200},
    }  # fmt: skip
    request = Request(
        dataset=data_of(study, run, changes, where),
        entry=where.taken,
        candidates=choose(registry, ["resnet18"]),
        strategies=["freeze_first(2)"],
        variants=[Variant(RecipeEntry(name="mine"), settings)],
    )
    (swept,) = make_plan(request).runs(lambda _: "fp32")
    assert spec_of(registry, study, run, where, changes).run_id == swept.spec.run_id


def test_a_study_s_val_is_as_large_as_its_source_says(studies, place):
    sizes = {name: data_of(study, study.run[0], Changes(), place(study.dataset)).val_fraction
             for name, study in studies.items()}  # fmt: skip
    assert sizes == {
        "cub-10m": 0.1, "cifar10-freeze-depth": 0.2, "cifar100-ensemble": 0.1, "cifar100-efficientnet-b0": 0.2,
        "cifar100-cached-heads": 0.1,
    }  # fmt: skip


def test_a_run_s_own_part_keeps_its_share_on_a_stand_in(studies, place):
    study = studies["cifar10-freeze-depth"]
    (tiny,) = chosen(study, ["tiny-augmented-dropout"])
    assert str(data_of(study, tiny, Changes(), place("cifar10")).subset) == "train=5000,val=45000"
    on = Changes(dataset="digits")
    assert str(data_of(study, tiny, on, place("cifar10", "digits", SMALL)).subset) == "train=143,val=1294"
    told = Changes(dataset="digits", subset="train=200")
    assert str(data_of(study, tiny, told, place("cifar10", "digits", SMALL)).subset) == "train=200"


def test_the_first_labels_stand_for_the_first_and_others_are_named(studies, place):
    study = studies["cifar100-cached-heads"]
    fine, coarse = chosen(study, ["b3-linear-fine", "b3-linear-coarse"])
    on, where = Changes(dataset="digits"), place("cifar100", "digits", SMALL)
    assert data_of(study, fine, on, where).target == "label"
    assert data_of(study, coarse, Changes(), place("cifar100")).num_classes == 20
    with pytest.raises(BenchError, match="trains labels that digits does not have") as found:
        data_of(study, coarse, on, where)
    assert "--target coarse=NEW" in found.value.todo
    named = Changes(dataset="digits", targets=("coarse=label",))
    assert data_of(study, coarse, named, where).target == "label"


def test_the_joint_run_has_every_head_of_its_parts(studies):
    joint = studies["cifar100-cached-heads"].runs[-1]
    assert (joint.name, joint.target, joint.published) == ("b3-linear-joint", "fine+coarse", {})


def test_one_backbone_for_all_leaves_the_plain_cnns_and_old_new_replaces_one():
    all_of_them = Changes(backbones=("tf_efficientnet_lite0",))
    assert all_of_them.backbone("timm/resnet50") == "tf_efficientnet_lite0"
    assert all_of_them.backbone("bench/small_cnn") == "bench/small_cnn"
    some = Changes(backbones=("efficientnet_b0=lite0", "timm/efficientnet_b2=lite2"))
    assert [some.backbone(f"timm/efficientnet_{b}") for b in ("b0", "b2", "b3")] == [
        "lite0", "lite2", "timm/efficientnet_b3"
    ]  # fmt: skip
    assert renamed("resnet18@file:/a=b.pth") == ("", "resnet18@file:/a=b.pth")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (Changes(backbones=("resnet50=resnet18",)), "Unknown backbone of the study cub-10m 'resnet50'"),
        (Changes(backbones=("a", "b")), "--backbone replaces everything twice"),
        (Changes(targets=("fine=label",)), "Unknown target of the study cub-10m 'fine'"),
        (Changes(targets=("label",)), "names no target of the study"),
    ],
)
def test_a_change_of_what_a_study_does_not_have_is_an_error(studies, changes, said):
    with pytest.raises(BenchError, match=said):
        changes_of(studies["cub-10m"], changes)


def test_a_study_on_its_own_dataset_is_no_stand_in(studies):
    assert not changes_of(studies["cub-10m"], Changes(dataset="cub"))
    assert changes_of(studies["cub-10m"], Changes(dataset="cub100"))


def test_a_part_that_is_written_otherwise_is_the_same_change(studies):
    ours = [changes_of(studies["cub-10m"], Changes(subset=text)) for text in ("val=5,train=9", "train=9, val=5")]
    assert ours[0] == ours[1]


def test_several_values_of_keys_are_every_combination_of_them(studies):
    study = studies["cub-10m"]
    changes = Changes(settings=("lr=1e-3,1e-2", "dropout=0.2,0.5", "momentum=0.8"))
    variants = changes.variants()
    assert [tuple(one.values()) for one in variants] == [(1e-3, 0.2), (1e-3, 0.5), (1e-2, 0.2), (1e-2, 0.5)]
    recipe = recipe_of(study, study.run[0], changes, variants[3])
    assert (recipe["lr"], recipe["dropout"], recipe["momentum"]) == (1e-2, 0.5, 0.8)
    assert "lr" not in changes.overrides()


def test_a_run_whose_source_kept_nothing_recomputes_its_features_where_there_are_any_to_keep(
    studies, registry, place
):
    study = studies["cifar100-cached-heads"]
    uncached, fine, _ = study.run
    short, moving = Changes(epochs=3), Changes(epochs=3, settings=("norm_stats=update",))
    specs = [spec_of(registry, study, run, place("cifar100"), short) for run in (uncached, fine)]
    assert [spec.features for spec in specs] == ["recomputed", "kept"]
    assert specs[0].model_copy(update={"features": "kept"}) == specs[1]
    specs = [spec_of(registry, study, run, place("cifar100"), moving) for run in (uncached, fine)]
    assert specs[0] == specs[1]
    assert specs[0].features == "kept"


def test_a_run_that_breaks_the_study_s_budget_or_cannot_be_built_is_an_error(studies, registry, place):
    study = studies["cub-10m"]
    with pytest.raises(BenchError, match="b0-full of cub-10m cannot be made with timm/resnet18") as found:
        plan_run(registry, study, study.run[0], Changes(backbones=("resnet18",)), place("cub"))
    assert "total 11.28M > 10M" in found.value.why


def test_an_unknown_run_lists_those_of_the_study(studies):
    with pytest.raises(BenchError, match=r"Unknown run of the study cub-10m 'b1-full'.") as found:
        chosen(studies["cub-10m"], ["b1-full"])
    assert "b0-full" in str(found.value)
