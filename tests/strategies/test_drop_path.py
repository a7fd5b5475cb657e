"""A backbone drops exactly what its recipe says, whatever its library would drop by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.models.backbones import Pooled, build
from bench.models.vision import timm, torchvision
from bench.spec import BackboneSpec

BACKBONES = [
    "timm/swin_s3_tiny_224",
    "timm/efficientnet_b0",
    "timm/convnext_atto",
    "timm/ghostnet_100",
    "timm/rexnetr_200",
    "timm/densenet121",
    "torchvision/efficientnet_b0",
    "torchvision/convnext_tiny",
    "torchvision/swin_t",
    "torchvision/googlenet",
    "torchvision/inception_v3",
    "torchvision/maxvit_t",
]


def in_training(name: str, drop_path: float) -> Pooled:
    """Build a backbone with random weights, in training mode but for its norms."""
    library, _, architecture = name.partition("/")
    spec = BackboneSpec(library=library, architecture=architecture)
    torch.manual_seed(0)
    model = build(spec, size_of(name), drop_path=drop_path)
    for module in model.train().modules():
        if isinstance(module, _BatchNorm):
            module.eval()
        for scale in ("gamma", "layer_scale"):  # ConvNeXt starts its branches at almost nothing
            if isinstance(parameter := getattr(module, scale, None), nn.Parameter):
                nn.init.ones_(parameter)
    return model


def size_of(name: str) -> int:
    return 224 if "swin_s3" in name or "maxvit" in name else 96


def twice(name: str, drop_path: float) -> tuple[torch.Tensor, torch.Tensor]:
    model, images = in_training(name, drop_path), torch.randn(4, 3, size_of(name), size_of(name))
    with torch.no_grad():
        return model(images), model(images)


def rates(model: nn.Module) -> Iterator[float]:
    for module in model.modules():
        if isinstance(module, timm.layers.drop.DropPath):
            yield module.drop_prob
        elif isinstance(module, torchvision.ops.StochasticDepth):
            yield module.p


@pytest.mark.parametrize("name", BACKBONES)
def test_without_drop_path_nothing_is_random_in_training(name: str) -> None:
    first, second = twice(name, 0.0)
    assert torch.equal(first, second)
    assert not any(rates(in_training(name, 0.0)))


@pytest.mark.parametrize(
    "name",
    [
        "timm/swin_s3_tiny_224",
        "timm/convnext_atto",
        "torchvision/convnext_tiny",
        "torchvision/maxvit_t",
        "torchvision/swin_t",
        "torchvision/swin_v2_b",
    ],
)
def test_the_rates_rise_to_the_drop_path_that_was_asked_for(name: str) -> None:
    library, _, architecture = name.partition("/")
    spec = BackboneSpec(library=library, architecture=architecture)
    found = list(rates(build(spec, 224, drop_path=0.4, meta=True)))
    assert found == sorted(found)
    assert max(found) == pytest.approx(0.4)


@pytest.mark.parametrize("name", ["timm/efficientnet_b0", "torchvision/efficientnet_b0", "timm/convnext_atto"])
def test_with_drop_path_branches_are_dropped_at_random(name: str) -> None:
    first, second = twice(name, 0.4)
    assert not torch.equal(first, second)
