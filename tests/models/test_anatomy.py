from __future__ import annotations

import re
from collections import Counter

import pytest
import torch
from torch import nn

from bench.errors import BackboneError
from bench.models.anatomy import dissect, find_blocks, is_norm, norm_parameters
from bench.models.backbones import build, headless
from bench.models.trace import trace
from bench.spec import BackboneSpec

BLOCKS = {
    "timm/efficientnet_b0": {"DepthwiseSeparableConv": 1, "InvertedResidual": 15},
    "timm/resnet18": {"BasicBlock": 8},
    "timm/resnet50": {"Bottleneck": 16},
    "timm/densenet121": {"DenseLayer": 58},
    "timm/vit_tiny_patch16_224": {"Block": 12},
    "timm/convnext_atto": {"ConvNeXtBlock": 12},
    "timm/swin_tiny_patch4_window7_224": {"SwinTransformerBlock": 12},
    "timm/hgnetv2_b0": {"HighPerfGpuBlock": 5},
    "timm/inception_v3": {"InceptionA": 3, "InceptionB": 1, "InceptionC": 4, "InceptionD": 1, "InceptionE": 2},
    "timm/coatnet_nano_rw_224": {"MbConvBlock": 7, "TransformerBlock2d": 9},
    "timm/maxvit_rmlp_pico_rw_256": {"MaxxVitBlock": 11},
    "timm/fastvit_t8": {"RepMixerBlock": 10},
    "timm/levit_128": {"LevitBlock": 12},
    "timm/edgenext_xx_small": {"ConvBlock": 9, "SplitTransposeBlock": 3},
    "timm/efficientvit_b0": {"ResidualBlock": 6, "EfficientVitBlock": 4},
    "timm/vit_tiny_r_s16_p8_224": {"Block": 12},
    "timm/vit_small_r26_s32_224": {"Bottleneck": 8, "Block": 12},
    "torchvision/resnet18": {"BasicBlock": 8},
    "torchvision/mobilenet_v2": {"InvertedResidual": 17},
    "torchvision/shufflenet_v2_x0_5": {"InvertedResidual": 16},
    "torchvision/squeezenet1_1": {"Fire": 8},
    "torchvision/vit_b_32": {"EncoderBlock": 12},
    "torchvision/swin_v2_t": {"SwinTransformerBlockV2": 12},
    "torchvision/maxvit_t": {"MaxVitLayer": 11},
    "torchvision/regnet_y_400mf": {"ResBottleneckBlock": 16},
    "torchvision/vgg11": {"Conv2d": 8},
    "bench/small_cnn": {"Conv2d": 7},
}
"""The smallest repeated unit of each family, counted by the papers' tables."""


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_the_smallest_repeated_units_of_the_architecture(name):
    library, _, architecture = name.partition("/")
    size = {"maxvit_rmlp_pico_rw_256": 256, "small_cnn": 32}.get(architecture, 224)
    model = build(BackboneSpec(library=library, architecture=architecture), size, meta=True)
    paths = [path for (path,) in find_blocks(model)] or weight_layers(model)
    assert Counter(type(model.get_submodule(path)).__name__ for path in paths) == BLOCKS[name]


def weight_layers(model: nn.Module) -> list[str]:
    return [path for path, module in model.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]


@pytest.mark.parametrize("name", ["timm/convmixer_1024_20_ks9_p14", "timm/iformer_t"])
def test_blocks_without_a_telling_class_name_are_found_by_their_path(name):
    library, _, architecture = name.partition("/")
    paths = [
        p for (p,) in find_blocks(build(BackboneSpec(library=library, architecture=architecture), 224, meta=True))
    ]
    assert len(paths) >= 20
    assert all(re.fullmatch(r"model\.(stages\.\d+\.)?blocks\.\d+", path) for path in paths)


EVERY_KIND = [
    "timm/efficientnet_b0",
    "timm/test_vit",
    "timm/densenet121",
    "timm/crossvit_9_240",
    "timm/hrnet_w18_small",
    "timm/cait_xxs24_224",
    "torchvision/maxvit_t",
    "torchvision/vgg11",
    "torchvision/squeezenet1_1",
]


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_parameter_has_exactly_one_owner(on_meta, name):
    classifier, _ = on_meta(name, {"crossvit_9_240": 240, "test_vit": 160}.get(name.partition("/")[2], 224))
    anatomy = classifier.anatomy
    owned = Counter(name for part in (anatomy.stem, *anatomy.blocks, anatomy.neck) for name in part)
    assert owned == Counter(name for name, _ in classifier.backbone.named_parameters())
    assert anatomy.norms <= anatomy.parameters
    assert anatomy.biases <= anatomy.parameters
    assert all(anatomy.blocks)


def test_the_neck_is_what_stands_between_the_last_block_and_the_head(on_meta):
    def neck(name: str) -> set[str]:
        return set(on_meta(name)[0].anatomy.neck)

    assert neck("timm/efficientnet_b0") == {"model.conv_head.weight", "model.bn2.weight", "model.bn2.bias"}
    assert neck("timm/vit_tiny_patch16_224") == {"model.norm.weight", "model.norm.bias"}
    assert neck("timm/resnet18") == set()
    assert neck("torchvision/mobilenet_v2") == {
        f"model.features.18.{n}" for n in ("0.weight", "1.weight", "1.bias")
    }


def test_the_stem_is_what_stands_before_the_first_block(on_meta):
    assert on_meta("timm/resnet18")[0].anatomy.stem == {"model.conv1.weight", "model.bn1.weight", "model.bn1.bias"}
    stem = on_meta("timm/vit_tiny_patch16_224")[0].anatomy.stem
    assert stem == {
        "model.cls_token", "model.pos_embed", "model.patch_embed.proj.weight", "model.patch_embed.proj.bias",
    }  # fmt: skip
    assert on_meta("torchvision/vgg11")[0].anatomy.stem == set()


def test_what_stands_between_two_blocks_belongs_to_the_later_one(on_meta):
    anatomy = on_meta("timm/densenet121")[0].anatomy
    transition = "model.features.transition1.conv.weight"
    (owner,) = [i for i, block in enumerate(anatomy.blocks) if transition in block]
    assert anatomy.block_modules[owner] == "model.features.denseblock2.denselayer1"


class TwoLayerBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.norm = nn.Linear(12, 12), nn.LayerNorm(12)

    def forward(self, features):
        return self.norm(self.linear(features))


def test_blocks_stand_in_the_order_of_the_forward_pass_not_of_their_registration():
    class Reversed(nn.Module):
        def __init__(self):
            super().__init__()
            self.later = TwoLayerBlock()
            self.earlier = TwoLayerBlock()

        def forward(self, images):
            return self.later(self.earlier(images.flatten(1)))

    with torch.device("meta"):
        model = Reversed()
    assert dissect(model, trace(model, 2)).block_modules == ("earlier", "later")


def test_norms_are_scales_and_shifts_whatever_the_library_calls_them(on_meta):
    from bench.models.vision import timm

    with torch.device("meta"):
        affine = timm.create_model("resmlp_12_224", num_classes=0)
        evo = timm.create_model("test_efficientnet_evos", num_classes=0)
    assert any(name.endswith("norm1.alpha") for name in norm_parameters(affine))
    assert {name.rpartition(".")[2] for name in norm_parameters(evo)} == {"weight", "bias"}
    assert norm_parameters(evo)
    assert not is_norm(nn.Linear(2, 2))
    assert len(on_meta("timm/resnet18")[0].anatomy.norms) == 2 * 20


@pytest.mark.parametrize(
    ("architecture", "has", "has_not"),
    [
        ("timm/resmlp_12_224", "model.norm.beta", "model.norm.alpha"),
        ("timm/swinv2_tiny_window8_256", "model.layers.0.blocks.0.attn.q_bias", None),
        ("timm/swin_tiny_patch4_window7_224", None, "model.layers.0.blocks.0.attn.relative_position_bias_table"),
        ("timm/levit_128", None, "model.stages.0.blocks.0.attn.attention_biases"),
        ("torchvision/vit_b_32", "model.encoder.layers.encoder_layer_0.self_attention.in_proj_bias", None),
    ],
)
def test_biases_are_all_that_are_added_and_no_table_of_positions(on_meta, architecture, has, has_not):
    classifier, _ = on_meta(architecture, 256 if "256" in architecture else 224)
    names = {name for name, _ in classifier.backbone.named_parameters()}
    assert {has, has_not} - {None} <= names
    assert has is None or has in classifier.anatomy.biases
    assert has_not is None or has_not not in classifier.anatomy.biases


def test_an_lstm_s_biases_are_biases():
    from bench.models.anatomy import BIAS

    names = [name for name, _ in nn.LSTM(2, 2, bidirectional=True).named_parameters()]
    assert [name for name in names if BIAS.search(name)] == [name for name in names if "bias" in name]


@pytest.mark.parametrize("architecture", ["mobilenetv5_300m_enc", "qwen3_vit_88m_enc"])
def test_an_encoder_without_a_classifier_is_an_error_that_says_so(architecture):
    with pytest.raises(BackboneError) as caught:
        build(BackboneSpec(library="timm", architecture=architecture), 224, meta=True)
    assert "no classifier" in caught.value.what
    assert all((caught.value.why, caught.value.todo))


def test_headless_networks_give_one_vector_per_image_and_lose_only_their_last_layer(on_meta):
    from bench.models.vision import torchvision

    widths = {
        "mobilenet_v3_small": 1024,
        "convnext_tiny": 768,
        "vgg11": 512,
        "squeezenet1_1": 512,
        "googlenet": 1024,
    }
    for architecture, width in widths.items():
        assert on_meta(f"torchvision/{architecture}")[1].shape == (1, width)
    with torch.device("meta"):
        model = torchvision.models.get_model("mobilenet_v3_small", weights=None)
    lost = {n for n, _ in model.named_parameters()} - {n for n, _ in headless(model).named_parameters()}
    assert lost == {"classifier.3.weight", "classifier.3.bias"}


def test_a_size_that_the_architecture_cannot_take_is_an_error_that_names_its_own():
    with pytest.raises(BackboneError) as caught:
        build(BackboneSpec(library="torchvision", architecture="vit_b_32"), 225, meta=True)
    assert "225 pixels" in caught.value.what
    assert "224" in caught.value.todo
    with pytest.raises(BackboneError, match="drop path"):
        build(BackboneSpec(library="torchvision", architecture="resnet18"), 224, drop_path=0.1, meta=True)
    with pytest.raises(BackboneError, match="Unknown backbone"):
        build(BackboneSpec(library="timm", architecture="resnet19"), 224, meta=True)
