"""Counts that published studies print, or that fvcore and torch confirm, to the digit."""

from __future__ import annotations

import pytest

TABLE = [
    ("efficientnet_b0", 200, "full", 4_263_748, 4_263_748),
    ("efficientnet_b2", 200, "full", 7_982_794, 7_982_794),
    ("efficientnet_b0", 200, "last_blocks(1)+norm", 4_263_748, 1_010_200),
    ("efficientnet_b2", 200, "last_blocks(1)+norm", 7_982_794, 2_229_136),
    ("resnet18", 10, "freeze_first(2)", 11_181_642, 11_024_138),
    ("resnet18", 10, "linear", 11_181_642, 5_130),
    ("efficientnet_b3", 100, "linear", 10_849_932, 153_700),
    ("efficientnet_b0", 100, "full", 4_135_648, 4_135_648),
]

GMACS = {
    "efficientnet_b0": 0.3858,
    "mobilenetv3_large_100": 0.2166,
    "resnet50": 4.0892,
    "vit_tiny_patch16_224": 1.2537,
    "convnext_atto": 0.5473,
    "swin_tiny_patch4_window7_224": 4.4906,
}


@pytest.mark.parametrize(("backbone", "classes", "strategy", "total", "trainable"), TABLE)
def test_parameters_are_those_of_the_table(plan, backbone, classes, strategy, total, trainable):
    (choice,) = plan([backbone], [strategy], classes).choices
    assert choice.counts.total_params == total
    assert choice.counts.trainable_params == trainable
    assert choice.counts.trainable_params - choice.counts.trainable_backbone_params == head(backbone, classes)


def head(backbone: str, classes: int) -> int:
    """Weights and biases of the classifier."""
    width = {"efficientnet_b0": 1280, "efficientnet_b2": 1408, "efficientnet_b3": 1536, "resnet18": 512}[backbone]
    return width * classes + classes


def test_torchvision_s_networks_count_the_same_as_timm_s(plan):
    both = plan(["timm/resnet18", "torchvision/resnet18"], ["linear", "freeze_first(2)", "full"]).choices
    assert len(both) == 6
    by_library = {library: {c.strategy: c.counts for c in both if c.candidate.spec.library == library}
                  for library in ("timm", "torchvision")}  # fmt: skip
    assert by_library["timm"] == by_library["torchvision"]


def test_the_whole_classifier_of_vgg_goes(plan):
    (choice,) = plan(["vgg11"], ["full"], classes=200).choices
    assert choice.counts.total_params == 9_220_480 + 512 * 200 + 200


@pytest.mark.parametrize("backbone", GMACS)
def test_gmacs_at_224_pixels_are_those_of_the_table(plan, backbone):
    (choice,) = plan([backbone], ["linear"], classes=1000, overrides={"image_size": 224}).choices
    assert round(choice.counts.gmacs, 4) == GMACS[backbone]


def test_linear_training_adds_the_head_once_and_full_training_all_but_the_first_input(plan):
    linear, full = plan(
        ["resnet18"], ["linear", "full"], overrides={"image_size": 224, "head": ["linear"]}
    ).choices
    assert linear.counts.train_gmacs == pytest.approx(linear.counts.gmacs + 512 * 10 / 1e9, abs=1e-12)
    first = 112 * 112 * 64 * 7 * 7 * 3 / 1e9
    assert full.counts.train_gmacs == pytest.approx(3 * full.counts.gmacs - first, abs=1e-12)


def test_a_wide_head_counts_where_it_trains(plan):
    wide = ["linear(1024)", "relu", "dropout(0.5)", "linear"]
    (choice,) = plan(["resnet18"], ["linear"], overrides={"image_size": 224, "head": wide}).choices
    layers = 512 * 1024 + 1024 * 10
    assert choice.counts.trainable_params == layers + 1024 + 10
    trained = layers + layers + 1024 * 10  # forward, both weights, and the second layer's input
    assert choice.counts.train_gmacs * 1e9 == pytest.approx(choice.counts.gmacs * 1e9 - layers + trained, abs=1)


def test_what_may_be_computed_once_is_what_no_trainable_parameter_reaches():
    from bench.plan.count import count_backbone

    strategies = ["linear", "neck", "last_blocks(1)", "last_blocks(1)+norm", "freeze_first(16)", "bitfit", "full"]
    counted = count_backbone("timm/efficientnet_b0", 224, strategies)
    once = {name: counted.strategies[name][2] / counted.macs for name in strategies}
    assert once["linear"] == 1
    assert once["full"] == 0
    assert 0 < once["bitfit"] == once["last_blocks(1)+norm"] < 0.05  # the first convolution, before its norm
    assert 0.85 < once["last_blocks(1)"] < once["neck"] < 1
    assert once["freeze_first(16)"] == 0.0 or once["freeze_first(16)"] > once["neck"] - 0.05
