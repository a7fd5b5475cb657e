"""What every strategy promises on every kind of backbone: a new line of the table inherits these tests."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench import strategies
from bench.models.backbones import build
from bench.models.classifier import Classifier
from bench.models.head_modules import build_head
from bench.plan.count import BackboneCounts, count_backbone, with_head
from bench.spec import BackboneSpec
from bench.strategies import STRATEGIES

HEAD, CLASSES = ["dropout(0.2)", "linear"], 7
COMPOSED = ["last_blocks(1)+norm", "last_blocks(2)+neck", "neck+bitfit"]
EVERY = [*STRATEGIES, *COMPOSED]

SIZES = {
    "timm/test_byobnet": 64,
    "timm/test_coatnet": 160,
    "timm/test_convnext": 64,
    "timm/test_efficientnet": 64,
    "timm/test_efficientnet_evos": 64,
    "timm/test_mambaout": 64,
    "timm/test_maxvit": 160,
    "timm/test_nfnet": 64,
    "timm/test_resnet": 64,
    "timm/test_vit": 160,
    "timm/test_vit_relpos": 160,
    "timm/edgenext_xx_small": 64,
    "timm/efficientvim_m1": 64,
    "timm/ghostnet_050": 64,
    "timm/levit_128s": 224,
    "timm/mobilenetv3_small_050": 64,
    "timm/mobilevit_xxs": 64,
    "timm/pvt_v2_b0": 64,
    "timm/regnetx_002": 64,
    "timm/shvit_s1": 64,
    "timm/starnet_s050": 64,
    "timm/xcit_nano_12_p16_224": 64,
    "torchvision/densenet121": 64,
    "torchvision/mnasnet0_5": 64,
    "torchvision/regnet_x_400mf": 64,
    "torchvision/shufflenet_v2_x0_5": 64,
    "torchvision/squeezenet1_1": 64,
    "torchvision/swin_t": 64,
    "bench/small_cnn": 32,
}
"""Backbones of different families, each at an image size that is quick."""

ORDINARY = {
    "timm/test_efficientnet",
    "timm/test_resnet",
    "timm/test_vit",
    "torchvision/squeezenet1_1",
    "bench/small_cnn",
}
"""Backbones that every test run tries: batch norm, none, attention, a library's other layout, and our own."""

EVERY_NAME = [name if name in ORDINARY else pytest.param(name, marks=pytest.mark.exhaustive) for name in SIZES]

NEVER_USED = {"timm/efficientvim_m1": {"model.weights"}}
"""Parameters that the forward pass of a library's model leaves out: they train by name only."""


@functools.cache
def counts(name: str) -> BackboneCounts:
    return count_backbone(name, SIZES[name], EVERY)


@functools.cache
def real(name: str) -> Classifier:
    """Build a real, randomly initialised classifier, and the snapshot that each test starts from."""
    from bench.models.classifier import bare_on_meta

    library, _, architecture = name.partition("/")
    spec = BackboneSpec(library=library, architecture=architecture)
    torch.manual_seed(0)
    head = build_head(HEAD, counts(name).features, CLASSES)
    model = Classifier(build(spec, SIZES[name]), head, bare_on_meta(spec, SIZES[name])[0].anatomy)
    model.initial = copied(model)
    return model


def copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def step(model: Classifier, image_size: int) -> None:
    """Take one real optimizer step in training mode."""
    model.zero_grad(set_to_none=True)
    model.train()
    torch.manual_seed(1)
    images, labels = torch.randn(4, 3, image_size, image_size), torch.arange(4)
    nn.functional.cross_entropy(model(images), labels).backward()
    torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01).step()


def restored(model: Classifier) -> Classifier:
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.copy_(model.initial[name])
    return model


@pytest.fixture
def model(name):
    classifier = real(name)
    classifier.update_norm_stats = False
    return classifier


@pytest.mark.parametrize("strategy", EVERY)
@pytest.mark.parametrize("name", EVERY_NAME)
class TestEveryStrategyOnEveryBackbone:
    def test_a_step_changes_what_is_declared_and_nothing_else(self, model, name, strategy):
        strategies.apply(restored(model), strategy)
        declared = {f"backbone.{n}" for n in model.trainable_backbone} | {
            f"head.{n}" for n in ("1.weight", "1.bias")
        }
        assert {n for n, p in model.named_parameters() if p.requires_grad} == declared
        step(model, SIZES[name])

        reached = {n for n, p in model.named_parameters() if p.grad is not None}
        assert declared - reached == {f"backbone.{n}" for n in NEVER_USED.get(name, ())} & declared
        assert reached <= declared

        after = model.state_dict()
        changed = {n for n, before in model.initial.items() if not torch.equal(after[n], before)}
        moving = {
            f"{path}.{statistic}"
            for path, module in model.named_modules()
            if isinstance(module, _BatchNorm) and trains_wholly(module, model.backbone)
            for statistic in ("running_mean", "running_var", "num_batches_tracked")
        }
        assert changed - declared <= moving
        assert {n for n in moving if n.endswith("num_batches_tracked")} <= changed
        assert "head.1.weight" in changed

    def test_it_trains_as_much_as_was_planned_and_no_more_when_applied_again(self, model, name, strategy):
        once = strategies.apply(strategies.apply(model, "full"), strategy).trainable_backbone
        assert strategies.apply(model, strategy).trainable_backbone == once
        planned = with_head(counts(name), strategy, HEAD, CLASSES)
        assert planned.total_params == sum(p.numel() for p in model.parameters())
        assert planned.trainable_params == sum(p.numel() for p in model.parameters() if p.requires_grad)
        in_backbone = sum(p.numel() for p in model.backbone.parameters() if p.requires_grad)
        assert planned.trainable_backbone_params == in_backbone


def trains_wholly(norm: _BatchNorm, backbone: nn.Module) -> bool:
    own = list(norm.parameters()) or list(backbone.parameters())
    return all(parameter.requires_grad for parameter in own)


@pytest.mark.parametrize("name", EVERY_NAME)
def test_freezing_the_first_k_blocks_is_training_the_others_and_the_neck(model, name):  # noqa: ARG001 - names it
    blocks = len(model.anatomy.blocks)
    for k in {1, blocks // 2, blocks - 1}:
        frozen = strategies.apply(model, f"freeze_first({k})").trainable_backbone
        assert frozen == strategies.apply(model, f"last_blocks({blocks - k})+neck").trainable_backbone
        assert frozen.isdisjoint(model.anatomy.stem.union(*model.anatomy.blocks[:k]))


@pytest.mark.parametrize("name", ["timm/test_resnet", "timm/levit_128s", "torchvision/densenet121"])
@pytest.mark.parametrize("strategy", ["linear", "bitfit", "last_blocks(1)"])
def test_told_to_update_norm_statistics_every_batch_norm_does(model, name, strategy):
    model.update_norm_stats = True
    strategies.apply(restored(model), strategy)
    step(model, SIZES[name])
    after = model.state_dict()
    counters = [n for n in model.initial if n.startswith("backbone") and n.endswith("num_batches_tracked")]
    assert counters
    assert all(after[n] == model.initial[n] + 1 for n in counters)
