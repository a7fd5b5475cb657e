from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench import strategies
from bench.errors import BackboneError, RegistryError
from bench.models.backbones import build
from bench.models.classifier import Classifier, assemble
from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec, WeightsSpec

EFFICIENTNET = BackboneSpec(library="timm", architecture="test_efficientnet", weights=WeightsSpec(source="none"))


def spec(**changes: object) -> RunSpec:
    return RunSpec(
        dataset=DatasetSpec(name="d", num_classes=3),
        backbone=EFFICIENTNET,
        strategy="linear",
        recipe=RecipeSpec(**changes),
        transform=TransformSpec(image_size=64),
    )


@pytest.fixture
def model() -> Classifier:
    return assemble(spec(), build(EFFICIENTNET, 64, drop_path=0.5))


def moving(model: Classifier) -> list[bool]:
    return [module.training for module in model.backbone.modules() if isinstance(module, _BatchNorm)]


def test_a_norm_moves_its_statistics_only_where_both_scale_and_shift_train(model):
    assert not any(moving(strategies.apply(model, "linear")))
    assert not any(moving(strategies.apply(model, "bitfit")))
    assert all(moving(strategies.apply(model, "norm")))
    assert all(moving(strategies.apply(model, "full")))
    last = moving(strategies.apply(model, "last_blocks(1)"))
    assert any(last)
    assert not last[0]


def test_a_recipe_may_let_every_norm_move():
    model = assemble(spec(norm_stats="update"), build(EFFICIENTNET, 64))
    for strategy in ("linear", "bitfit", "last_blocks(1)"):
        assert all(moving(strategies.apply(model, strategy)))


def test_dropout_and_drop_path_act_only_where_something_trains(model):
    strategies.apply(model, "last_blocks(1)").train()
    last = model.anatomy.block_modules[-1]
    for path, module in model.backbone.named_modules():
        if type(module).__name__ == "DropPath":
            assert module.training == path.startswith(last), path
    assert model.head.training
    frozen = strategies.apply(model, "linear").train()
    assert not any(module.training for module in frozen.backbone.modules())
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(frozen.backbone(images), frozen.backbone(images))


def test_evaluation_mode_is_evaluation_mode_everywhere(model):
    strategies.apply(model, "full").eval()
    assert not any(module.training for module in model.modules())
    strategies.apply(model, "last_blocks(1)")
    assert not any(module.training for module in model.modules())


def test_a_norm_without_scale_and_shift_follows_the_whole_backbone(on_meta):
    anatomy = on_meta("timm/test_efficientnet", 64)[0].anatomy
    backbone = build(EFFICIENTNET, 64)
    backbone.model.bn2 = nn.Sequential(nn.BatchNorm2d(backbone.model.bn2.num_features, affine=False))
    model = Classifier(backbone, nn.Identity(), anatomy)
    assert model.train() is model
    assert backbone.model.bn2[0].training
    model.train_only(anatomy.norms)
    assert not backbone.model.bn2[0].training


def test_the_initial_head_depends_on_the_seed_and_on_nothing_else():
    def head(seed: int) -> torch.Tensor:
        torch.manual_seed(torch.initial_seed() + 1)
        return assemble(spec().model_copy(update={"seed": seed}), build(EFFICIENTNET, 64)).head[1].weight

    assert torch.equal(head(0), head(0))
    assert not torch.equal(head(0), head(1))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("norm + last_blocks", "last_blocks(1)+norm"),
        ("last_blocks(k=2)", "last_blocks(2)"),
        ("freeze_first()", "freeze_first(1)"),
        (" bitfit+neck ", "neck+bitfit"),
        ("full", "full"),
    ],
)
def test_a_strategy_is_written_one_way_however_it_was_typed(written, canonical):
    assert strategies.canonical(written) == canonical
    assert strategies.canonical(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("last_block", "Did you mean last_blocks?"),
        ("", "Cannot read the strategy"),
        ("linear+norm", "joins linear with another"),
        ("norm+norm", "names norm twice"),
        ("last_blocks(0)", "trains nothing sensible"),
        ("freeze_first(-1)", "trains nothing sensible"),
        ("last_blocks(1.5)", "k must be a whole number"),
        ("norm(1)", "wrong arguments"),
    ],
)
def test_a_strategy_that_cannot_be_meant_is_an_error_that_says_why(text, message):
    with pytest.raises(RegistryError) as caught:
        strategies.parse(text)
    assert message in str(caught.value)
    assert caught.value.why


@pytest.mark.parametrize("text", ["last_blocks(99)", "freeze_first(99)"])
def test_more_blocks_than_there_are_is_an_error_that_says_how_many_there_are(model, text):
    with pytest.raises(BackboneError) as caught:
        strategies.apply(model, text)
    assert str(len(model.anatomy.blocks)) in caught.value.why
