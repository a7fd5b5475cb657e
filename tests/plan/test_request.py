from __future__ import annotations

import json

import pytest

from bench.data.manifest import ManifestHeader
from bench.errors import BudgetError, DataError, RecipeError, RegistryError
from bench.plan.asked import Asked
from bench.plan.request import budget_of, dataset_spec, plan_for, request_record
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry

CIFAR = DatasetEntry(name="c", reader="cifar", num_classes=100, targets={"fine": 100, "coarse": 20}, split_seed=3)


@pytest.fixture(scope="module")
def registry():
    return Registry.load()


def planned(registry, **asked):
    asked = {"backbones": ["test_resnet"], "image_size": 64, **asked}
    return plan_for(registry, CIFAR, dataset_spec(CIFAR, None, None), Asked(**asked))


def test_an_unseen_dataset_is_planned_by_its_registry_entry():
    spec = dataset_spec(CIFAR, None, None)
    assert (spec.target, spec.num_classes, spec.fingerprint, spec.split_seed) == ("fine", 100, None, 3)
    assert dataset_spec(CIFAR, "coarse", None).num_classes == 20


def test_a_seen_dataset_is_planned_by_its_manifest():
    header = ManifestHeader(name="c", fingerprint="f00d", classes={"fine": 99}, counts={"train": 5}, signature="s")
    spec = dataset_spec(CIFAR, None, header)
    assert (spec.num_classes, spec.fingerprint) == (99, "f00d")


def test_an_unknown_target_lists_the_valid_ones():
    with pytest.raises(DataError, match="Valid: coarse, fine"):
        dataset_spec(CIFAR, "course", None)


def test_default_strategies_are_those_of_the_registry_and_named_ones_are_explicit(registry):
    assert {c.strategy for c in planned(registry).choices} == {"linear", "last_blocks(1)+norm", "full"}
    named = planned(registry, strategies=["linear"], backbones=["bench/small_cnn"])
    assert [c.strategy for c in named.choices] == ["linear"]


def test_options_and_set_become_recipe_keys_the_option_first(registry):
    (choice,) = planned(registry, strategies=["linear"], epochs=3, overrides=["epochs=9", "lr=0.5"]).choices
    assert (choice.recipe.epochs, choice.recipe.lr, choice.transform.image_size) == (3, 0.5, 64)
    with pytest.raises(RecipeError, match="Did you mean epochs"):
        planned(registry, overrides=["epoch=9"])
    with pytest.raises(RegistryError, match="Unknown recipe 'fast'"):
        planned(registry, recipes=["fast"])


def test_a_budget_that_nothing_fits_is_an_error_that_names_the_smallest_models(registry):
    with pytest.raises(BudgetError) as caught:
        planned(registry, budget="10K", backbones=["resnet18", "test_resnet", "test_vit", "bench/small_cnn"])
    assert caught.value.what == "Nothing fits the budget 10K."
    assert caught.value.why.startswith("timm/test_vit linear: total ")
    assert "small_cnn" not in caught.value.why
    assert caught.value.why.endswith("and 9 more.")


def test_a_named_budget_is_looked_up_and_an_unknown_one_suggests_the_nearest(registry):
    assert str(budget_of(registry, "mobile")) == "total<=5M,gmacs<=0.6"
    assert str(budget_of(registry, "10M")) == "total<=10M"
    assert budget_of(registry, None) == budget_of(registry, "")
    with pytest.raises(RegistryError, match="Did you mean mobile"):
        budget_of(registry, "mobil")


def test_where_nothing_fits_without_a_budget_none_is_said_to_be_raised(registry):
    with pytest.raises(BudgetError) as caught:
        planned(registry, backbones=["timm/mobilenetv5_300m_enc"], strategies=["linear"])
    assert caught.value.todo == "Choose other backbones or strategies."
    assert not caught.value.why.endswith("..")


def test_the_record_of_a_request_says_what_was_asked_and_what_it_came_to(registry):
    asked = {"backbones": ["test_resnet"], "strategies": ["norm+last_blocks"], "budget": "mobile"}
    asked |= {"overrides": ["lr=0.1,0.2"], "epochs": 3, "seeds": 2}
    plan = planned(registry, **asked)
    record = json.loads(json.dumps(request_record(plan, Asked(**asked), limit=4)))
    assert record["asked"]["backbones"] == ["test_resnet"]
    assert record["asked"]["budget"] == "mobile"
    assert record["strategies"] == ["last_blocks(1)+norm"]
    assert record["budget"] == dict(budget_of(registry, "mobile").limits)
    assert [recipe["overrides"]["lr"] for recipe in record["recipes"]] == [0.1, 0.2]
    assert {recipe["overrides"]["epochs"] for recipe in record["recipes"]} == {3}
    assert (record["seeds"], record["limit"], record["dataset"]["name"]) == ([0, 1], 4, "c")
