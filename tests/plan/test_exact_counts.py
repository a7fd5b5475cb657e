"""Counts that published studies print, or that fvcore and torch confirm, to the digit."""

from __future__ import annotations

import pytest

from bench.plan.count import BackboneCounts, with_head
from bench.registry.entries import DatasetEntry
from bench.registry.studies import StudyEntry
from bench.studies.changes import Changes
from bench.studies.planning import Place, plan_run

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


def test_a_published_count_that_adds_running_statistics_is_weights_and_statistics(plan, on_meta):
    """EfficientNet-B0 with 100 classes: 4,177,664 as printed, of which 4,135,648 train."""
    (choice,) = plan(["efficientnet_b0"], ["full"], classes=100).choices
    backbone = on_meta("timm/efficientnet_b0")[0].backbone
    assert choice.counts.trainable_params + running_statistics(backbone) == 4_177_664
    assert running_statistics(backbone) == 42_016


def test_keras_s_resnet50_is_ours_with_convolution_biases_and_running_statistics(on_meta):
    """23,587,712 as printed without a head, 26,710,888 with 1024 hidden units and a 1000-way last layer."""
    from torch import nn

    backbone = on_meta("timm/resnet50")[0].backbone
    weights = sum(parameter.numel() for parameter in backbone.parameters())
    convolutions = [module for module in backbone.modules() if isinstance(module, nn.Conv2d)]
    assert all(convolution.bias is None for convolution in convolutions)
    biases = sum(convolution.out_channels for convolution in convolutions)
    statistics = running_statistics(backbone)
    assert (weights, biases, statistics) == (23_508_032, 26_560, 53_120)
    assert weights + biases == 23_534_592
    assert weights + biases + statistics == 23_587_712
    head = with_head(BackboneCounts(0, 0, 2048, 0, {"full": (0, 0, 0)}), "full", WIDE, 1000)
    assert weights + biases + statistics + head.total_params == 26_710_888


WIDE = ["linear(1024)", "relu", "dropout(0.5)", "linear"]


def running_statistics(model) -> int:
    """The running means and variances of a model's batch norms; how many batches they saw is not one."""
    return sum(b.numel() for name, b in model.named_buffers() if name.endswith(("running_mean", "running_var")))


@pytest.mark.parametrize(("name", "classes", "params"), [("nine_layer_cnn", 100, 13_870_484)])
def test_the_plain_cnns_have_the_printed_number_of_parameters(plan, name, classes, params):
    (choice,) = plan([f"bench/{name}"], ["scratch"], classes, overrides=BARE).choices
    assert choice.counts.trainable_params == choice.counts.total_params == params


BARE = {"image_size": 32, "head": ["linear"]}


def test_the_nine_layers_of_the_nine_layer_cnn_are_those_that_have_weights():
    from torch import nn

    from bench.models.plain_cnns import nine_layer_cnn

    layers = [m for m in nine_layer_cnn(num_classes=100).modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert len(layers) == 9
    assert sum(parameter.numel() for parameter in nine_layer_cnn(num_classes=100).parameters()) == 13_870_484


def test_every_published_count_of_the_studies_is_ours_or_explained(registry):
    """What is printed and differs from what is counted here is explained by the tests above, and by a note."""
    explained = {("b0-full", "trainable_params", 4_177_664), ("resnet50-scratch", "total_params", 23_587_712)}
    differing = set()
    for study in registry.all(StudyEntry):
        dataset = registry.get(DatasetEntry, study.dataset)
        for run in study.run:
            printed = {key: value for key, value in run.published.items() if key.endswith("_params")}
            if printed:
                (choice,) = plan_run(registry, study, run, Changes(), Place(dataset, dataset)).choices
                ours = {key: getattr(choice.counts, key) for key in printed}
                differing |= {(run.name, key, printed[key]) for key in printed if printed[key] != ours[key]}
                assert run.note or printed == ours
    assert differing == explained
