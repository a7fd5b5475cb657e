from __future__ import annotations

import pytest

from bench.errors import RecipeError
from bench.plan.variants import parse_settings, variants
from bench.records.runs import PlannedRun
from bench.registry.entries import RecipeEntry

RESNET = "timm/test_resnet"
SMALL = {"image_size": 32}


def test_settings_are_json_where_they_parse_as_it_and_text_elsewhere():
    texts = ["lr=1e-2", 'head=["linear"]', "optimizer=sgd", "clip_grad_norm=null", 'schedule={"kind": "constant"}']
    assert parse_settings(texts) == {
        "lr": [0.01],
        "head": [["linear"]],
        "optimizer": ["sgd"],
        "clip_grad_norm": [None],
        "schedule": [{"kind": "constant"}],
    }


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lr=1e-3,3e-3, 1e-2", [0.001, 0.003, 0.01]),
        ("lr=1e-3,0.001", [0.001]),
        ("optimizer=sgd,adamw", ["sgd", "adamw"]),
        ('head=["linear"],["linear(64)","relu","linear"]', [["linear"], ["linear(64)", "relu", "linear"]]),
        ('schedule={"kind": "constant"},{"kind": "step", "step_size": 3}',
         [{"kind": "constant"}, {"kind": "step", "step_size": 3}]),
        ("early_stopping=null", [None]),
        ("augment=", [""]),
    ],
)  # fmt: skip
def test_several_values_of_a_key_are_separated_by_commas(text, values):
    (found,) = parse_settings([text]).values()
    assert found == values


def test_a_key_that_is_set_twice_has_both_values():
    assert parse_settings(["lr=1", "lr=2,1"]) == {"lr": [1, 2]}


@pytest.mark.parametrize(
    ("text", "message"), [("lr", "no '='"), ("rl=1", "Did you mean lr"), ("=1", "recipe key ''")]
)
def test_a_setting_that_cannot_be_read_is_an_error(text, message):
    with pytest.raises(RecipeError) as caught:
        parse_settings([text])
    assert message in str(caught.value)


def test_every_combination_is_a_variant_that_says_what_it_sets():
    entries = [RecipeEntry(name="default"), RecipeEntry(name="quick")]
    made = variants(entries, ["lr=0.1,0.2", 'head=["linear"]', "optimizer=sgd,adam"], {"epochs": 3})
    assert len(made) == 8
    assert made[0].name == 'default lr=0.1 head=["linear"] optimizer=sgd'
    assert made[-1].name == 'quick lr=0.2 head=["linear"] optimizer=adam'
    assert all(one.overrides["epochs"] == 3 for one in made)
    assert [one.name for one in variants(entries, [])] == ["default", "quick"]


def runs(made) -> list[PlannedRun]:
    return made.runs(lambda _: "fp32")


def test_a_grid_is_planned_for_every_backbone_strategy_and_seed(plan):
    settings = ["lr=0.25,0.5", "weight_decay=0.5,1.5"]
    planned = runs(plan([RESNET], ["linear", "full"], settings=settings, overrides=SMALL, seeds=range(3)))
    assert len({run.spec.run_id for run in planned}) == len(planned) == 2 * 4 * 3
    assert len({run.spec.group_id for run in planned}) == 2 * 4
    for run in planned:
        assert run.recipe_name == f"default lr={run.spec.recipe.lr} weight_decay={run.spec.recipe.weight_decay}"


def test_settings_that_mean_the_same_make_one_run(plan):
    assert len(runs(plan([RESNET], ["linear"], settings=["lr=1e-3,0.0010", "augment=[]"], overrides=SMALL))) == 1
    given = ['head=["linear"],["linear()"]']
    assert len(runs(plan([RESNET], ["linear"], settings=given, overrides=SMALL))) == 1


def test_a_size_in_a_grid_is_counted_for_each(plan):
    made = plan([RESNET], ["linear"], settings=["image_size=32,64"])
    assert [choice.transform.image_size for choice in made.choices] == [32, 64]
    small, large = (choice.counts.gmacs for choice in made.choices)
    assert large > 3 * small


def test_what_does_not_fit_is_left_out_once_and_not_for_each_setting(plan):
    made = plan([RESNET, "resnet18"], ["full"], settings=["lr=1,2,3"], budget="1M", overrides=SMALL)
    assert [one.backbone for one in made.rejected] == ["timm/resnet18"]
    assert len(made.choices) == 3
