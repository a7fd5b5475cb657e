from __future__ import annotations

import pytest

from bench.errors import RecipeError, RegistryError
from bench.plan.backbones import Candidate, choose
from bench.registry.entries import DatasetEntry, RecipeEntry
from bench.spec import BackboneSpec, RecipeSpec, WeightsSpec

RESNET, VIT = "timm/test_resnet", "timm/test_vit"
SMALL = {"image_size": 160}


def pairs(choices):
    return {(c.candidate.spec.name, c.strategy) for c in choices}


def test_everything_asked_for_is_chosen_or_rejected_and_nothing_is_lost(plan):
    strategies = ["linear", "norm+last_blocks", "last_blocks(9)", "scratch"]
    made = plan([RESNET, VIT, "bench/small_cnn", "resnet18"], strategies, budget="1M", overrides=SMALL)
    asked = {
        (name, strategy)
        for name in (RESNET, VIT, "bench/small_cnn", "timm/resnet18")
        for strategy in ("linear", "last_blocks(1)+norm", "last_blocks(9)", "scratch")
    }
    rejected = {(r.backbone, r.strategy) for r in made.rejected}
    assert pairs(made.choices) | rejected == asked
    assert pairs(made.choices).isdisjoint(rejected)


def test_a_rejection_says_which_limit_is_broken_by_how_much(plan):
    made = plan(["resnet18"], ["linear", "full"], budget="total<=20M,trainable<=1M,gmacs<=0.5", overrides=SMALL)
    reasons = {r.strategy: r.reason for r in made.rejected}
    assert reasons == {"linear": "gmacs 0.9253 > 0.5", "full": "trainable 11.18M > 1M; gmacs 0.9253 > 0.5"}
    assert all(r.counts.total_params == 11_181_642 for r in made.rejected)
    assert not made.choices


def test_an_impossible_strategy_is_rejected_with_the_number_of_blocks(plan):
    made = plan([RESNET], ["last_blocks(9)", "last_blocks(4)"], overrides=SMALL)
    assert pairs(made.choices) == {(RESNET, "last_blocks(4)")}
    (rejected,) = made.rejected
    assert "This backbone has 4" in rejected.reason
    assert rejected.counts is None


def test_an_architecture_that_cannot_be_built_is_rejected_with_why(plan):
    made = plan(["timm/mobilenetv5_300m_enc", "torchvision/vit_b_32"], ["linear"], overrides={"image_size": 100})
    reasons = {r.backbone: r.reason for r in made.rejected}
    assert "no classifier" in reasons["timm/mobilenetv5_300m_enc"]
    assert "100 pixels" in reasons["torchvision/vit_b_32"]


def test_a_backbone_that_these_libraries_do_not_know_is_rejected_and_the_others_planned(plan):
    unknown = Candidate(BackboneSpec(library="timm", architecture="of_tomorrow"), "new", error="Unknown backbone.")
    made = plan([RESNET, unknown], ["linear", "full"], overrides=SMALL)
    assert pairs(made.choices) == {(RESNET, "linear"), (RESNET, "full")}
    assert [(r.backbone, r.strategy, r.reason) for r in made.rejected] == [
        ("timm/of_tomorrow", "linear", "Unknown backbone."),
        ("timm/of_tomorrow", "full", "Unknown backbone."),
    ]


def test_without_pretrained_weights_only_scratch_makes_sense_unless_it_was_asked_for(plan):
    strategies = ["linear", "full", "scratch"]
    made = plan(["bench/small_cnn", "test_resnet@none"], strategies, overrides={"image_size": 32})
    assert pairs(made.choices) == {("bench/small_cnn", "scratch"), (RESNET, "scratch")}
    assert {r.reason for r in made.rejected} == {"has no pretrained weights: only scratch makes sense"}
    asked = plan(["bench/small_cnn"], strategies, overrides={"image_size": 32}, explicit=True)
    assert {c.strategy for c in asked.choices} == set(strategies)


def test_training_from_scratch_is_the_same_run_whatever_the_weights_were(plan):
    made = plan(["test_resnet", "test_resnet@none"], ["scratch"], overrides=SMALL)
    (choice,) = made.choices
    assert choice.candidate.spec.weights == WeightsSpec(source="none")
    (run,) = made.runs(lambda _: "fp32")
    assert run.download_bytes == 0


def test_the_same_strategy_typed_twice_is_planned_once(plan):
    made = plan([RESNET], ["norm + last_blocks", "last_blocks(1)+norm", "last_blocks(k=1)+norm"], overrides=SMALL)
    assert [c.strategy for c in made.choices] == ["last_blocks(1)+norm"]


def test_the_cheapest_training_comes_first(plan):
    made = plan(["resnet18", RESNET], ["full", "linear", "last_blocks(1)+norm"], overrides=SMALL)
    heads = [c for c in made.choices if c.strategy == "linear"]
    assert list(made.choices[:2]) == heads
    assert [c.candidate.spec.name for c in heads] == [RESNET, "timm/resnet18"]
    costs = [c.recipe.epochs * c.counts.train_gmacs for c in made.choices[2:]]
    assert costs == sorted(costs)


def test_every_choice_is_run_with_every_seed_in_the_precision_of_the_device(plan):
    made = plan([RESNET], ["linear", "full"], seeds=range(3), overrides=SMALL)
    runs = made.runs({"auto": "bf16"}.get)
    assert len(runs) == len({run.spec.run_id for run in runs}) == 6
    assert {run.spec.precision for run in runs} == {"bf16"}
    assert {run.spec.recipe.precision for run in runs} == {"auto"}
    assert sorted({run.spec.seed for run in runs}) == [0, 1, 2]
    assert len({run.spec.group_id for run in runs}) == 2
    asked = plan([RESNET], ["linear"], overrides={**SMALL, "precision": "fp16"}).runs(lambda asked: asked)
    assert [run.spec.precision for run in asked] == ["fp16"]


def test_however_a_recipe_was_typed_it_is_the_same_run(plan):
    def run_id(**overrides):
        (run,) = plan([RESNET], ["linear"], overrides={**SMALL, **overrides}).runs(lambda _: "fp32")
        return run.spec.run_id

    assert run_id(head=["dropout", "linear"]) == run_id(head=[" dropout( p=0.50 ) ", "linear()"])
    assert run_id(dropout=0.5) == run_id(head=["dropout(0.5)", "linear"])
    assert run_id(dropout=0.1, head=["linear", "relu", "dropout(0.5)"]) == run_id(
        head=["linear", "relu", "dropout(0.1)"]
    )
    assert run_id(augment=["horizontal_flip"]) == run_id(augment=["horizontal_flip(p=0.5)"])
    assert run_id(lr=1) == run_id(lr=1.0)
    (own,) = {c.transform.interpolation for c in plan([RESNET], ["linear"]).choices}
    assert run_id(interpolation=own) == run_id()
    assert run_id(lr=1) != run_id(lr=2)


def test_the_image_size_is_the_recipes_else_the_datasets_else_the_backbones(plan):
    def size(entry=None, **overrides):
        (choice,) = plan([VIT], ["linear"], entry=entry, overrides=overrides).choices
        assert choice.recipe.image_size is None
        return choice.transform.image_size

    small = DatasetEntry(name="any", reader="cub", num_classes=10, image_size=64)
    assert size() == 160
    assert size(small) == 64
    assert size(small, image_size=96) == 96


def test_the_short_list_keeps_one_of_each_family_and_says_so_of_the_others(plan, registry):
    ranked = [
        Candidate(choose(registry, [name])[0].spec, family, rank)
        for name, family, rank in (
            (RESNET, "r", 2),
            ("resnet18", "r", 1),
            (VIT, "v", 3),
            ("test_convnext", "c", None),
        )
    ]
    made = plan(ranked, ["linear", "full"], budget="1M", shorten=True, overrides=SMALL)
    assert {name for name, _ in pairs(made.choices)} == {RESNET, VIT}
    reasons = {r.backbone: r.reason for r in made.rejected}
    assert reasons["timm/resnet18"].startswith("total 11.18M > 1M")
    assert "not on the short list" in reasons["timm/test_convnext"]
    larger = plan(ranked, ["linear"], shorten=True, overrides=SMALL)
    assert {name for name, _ in pairs(larger.choices)} == {"timm/resnet18", VIT}


def test_a_strategy_or_recipe_that_is_not_valid_is_an_error_before_anything_is_counted(plan):
    with pytest.raises(RegistryError, match="Unknown strategy"):
        plan([RESNET], ["last_block"])
    with pytest.raises(RecipeError, match="Unknown recipe key"):
        plan([RESNET], ["linear"], overrides={"learning_rate": 1})
    with pytest.raises(RecipeError, match="Unknown augmentation"):
        plan([RESNET], ["linear"], overrides={"augment": ["flip"]})
    with pytest.raises(RecipeError, match="no single classification layer"):
        plan([RESNET], ["linear"], overrides={"head": ["relu"], **SMALL})


def test_a_named_recipe_and_the_family_go_with_each_run(plan):
    recipe = RecipeEntry(name="mine", recipe=RecipeSpec(epochs=7))
    (run,) = plan(["resnet18"], ["linear"], recipe=recipe).runs(lambda _: "fp32")
    assert (run.recipe_name, run.family, run.spec.recipe.epochs) == ("mine", "resnet", 7)


def test_views_are_for_what_is_kept_and_taken_back_elsewhere_unless_asked_for(plan):
    strategies = ["neck", "last_blocks(1)", "freeze_first(3)", "last_blocks(1)+norm", "full", "linear"]
    choices = plan(["timm/mobilenetv2_100"], strategies).choices
    assert {c.strategy for c in choices if c.recipe.views == 4} == {"neck", "last_blocks(1)", "freeze_first(3)"}
    assert {c.strategy for c in choices if c.recipe.views == 0} == {"last_blocks(1)+norm", "full", "linear"}
    asked = plan(["timm/mobilenetv2_100"], ["last_blocks(1)+norm"], overrides={"views": 2})
    assert [c.recipe.views for c in asked.choices] == [2]
