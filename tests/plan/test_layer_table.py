"""The layers that are listed are all of a model, with the shapes that real images have."""

from __future__ import annotations

import pytest
import torch
from command_line import bench, refused

from bench.models.backbones import build
from bench.models.head_modules import build_head
from bench.plan.count import count_backbone, with_head
from bench.plan.layer_table import layer_table
from bench.spec import BackboneSpec


def spec_of(name):
    library, _, architecture = name.partition("/")
    return BackboneSpec(library=library, architecture=architecture)


@pytest.mark.parametrize(
    ("name", "size", "strategy", "head", "classes"),
    [
        ("timm/resnet18", 32, "freeze_first(2)", ["linear"], 10),
        ("timm/vit_tiny_patch16_224", 224, "bitfit", ["linear(64)", "relu", "dropout(0.5)", "linear"], 7),
        ("timm/convnext_atto", 96, "last_blocks(2)+neck", ["layer_norm", "linear"], 5),
        ("torchvision/vit_b_16", 224, "norm", ["linear"], 100),
        ("torchvision/mobilenet_v3_small", 64, "linear", ["linear"], 10),
        ("torchvision/swin_t", 64, "full", ["linear"], 3),
        ("bench/small_cnn", 32, "scratch", ["linear"], 100),
    ],
)
def test_the_sums_are_what_the_planner_counts(name, size, strategy, head, classes):
    layers = layer_table(spec_of(name), size, strategy, head, classes)
    counts = with_head(count_backbone(name, size, [strategy]), strategy, head, classes)
    assert sum(layer.params for layer in layers) == counts.total_params
    assert sum(layer.trainable for layer in layers) == counts.trainable_params
    assert all(bool(layer.params) == bool(layer.part) for layer in layers)
    assert len({layer.name for layer in layers}) == len(layers)


@pytest.mark.parametrize("name", ["timm/test_efficientnet", "timm/test_vit", "timm/test_convnext"])
def test_shapes_are_those_of_a_real_image(name):
    size = 160 if name.endswith("vit") else 64
    backbone = build(spec_of(name), size).eval()
    found = {}

    def note(path, output):
        found.setdefault(path, tuple(output.shape[1:]))

    for path, module in backbone.model.named_modules():
        module.register_forward_hook(lambda _module, _inputs, output, path=path: note(path, output))
    with torch.inference_mode():
        features = backbone(torch.zeros(1, 3, size, size))
        scores = build_head(["linear"], features.shape[1], 6)(features)
    listed = {layer.name: layer.shape for layer in layer_table(spec_of(name), size, "full", ["linear"], 6)}
    assert listed.pop("head.0") == tuple(scores.shape[1:])
    assert {path: shape for path, shape in listed.items() if path in found} == {
        path: found[path] for path in listed if path in found
    }
    assert sum(shape is not None for shape in listed.values()) > len(listed) / 2


def test_the_command_prints_the_counts_of_a_published_study():
    words = ("efficientnet_b0", "--strategy", "last_blocks(1)+norm", "--classes", 200)
    data = bench("anatomy", *words, "--json").data
    assert (data["total_params"], data["trainable_params"]) == (4_263_748, 1_010_200)
    text = bench("anatomy", *words).stdout
    assert "4,263,748 parameters, 1,010,200 train" in text
    assert "1280 x 7 x 7" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["resnet81"], "Unknown backbone"),
        (["timm/resnet*"], "One is taken apart at a time"),
        (["resnet18", "--strategy", "last_blocks(99)"], "blocks"),
        (["resnet18", "--head", "relu"], "no single classification layer"),
        (["resnet18", "--strategy", ""], "--strategy is empty"),
        (["timm/inception_v3", "--image-size", 16], "16 pixels"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(words, said):
    assert said in refused("anatomy", *words)
