from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import RESNET, assert_same, from_file, library_model, refused
from safetensors.torch import save_file
from torch import Tensor, nn

from bench.models.backbones import Pooled, headless, with_classifier
from bench.models.weights import file_digest, load_backbone
from bench.spec import BackboneSpec, WeightsSpec


@pytest.fixture
def resnet() -> nn.Module:
    return library_model(RESNET)


@pytest.mark.parametrize("name", ["weights.pth", "weights.pt", "weights.safetensors"])
def test_a_file_is_loaded_whole_and_its_digest_returned(tmp_path, resnet, name):
    path = tmp_path / name
    save = save_file if name.endswith("safetensors") else torch.save
    save(resnet.state_dict(), path)
    backbone, digest = load_backbone(from_file(RESNET, path), 64)
    assert_same(backbone, resnet)
    assert digest == file_digest(path)
    assert len(digest) == 64


def renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"layer_{i}.{name.rpartition('.')[2]}": tensor for i, (name, tensor) in enumerate(state.items())}


def without_counters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


@pytest.mark.parametrize(
    "form",
    [
        renamed,
        without_counters,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": {"module." + name: tensor for name, tensor in state.items()}},
        lambda state: {"_orig_mod." + name: tensor for name, tensor in state.items()},
        lambda state: dict(reversed(state.items())),
    ],
    ids=["by order", "of before counters", "wrapped", "data parallel", "compiled", "reversed"],
)
def test_the_forms_that_checkpoints_come_in_are_understood(tmp_path, resnet, form):
    torch.save(form(resnet.state_dict()), tmp_path / "weights.pth")
    backbone, _ = load_backbone(from_file(RESNET, tmp_path / "weights.pth"), 64)
    assert_same(backbone, resnet)


@pytest.mark.parametrize("classes", [0, 17])
def test_ones_own_checkpoint_may_have_another_classifier_or_none(tmp_path, resnet, classes):
    resnet.reset_classifier(classes)
    torch.save(resnet.state_dict(), tmp_path / "mine.pth")
    backbone, _ = load_backbone(from_file(RESNET, tmp_path / "mine.pth"), 64)
    assert_same(backbone, resnet)


@pytest.mark.parametrize("architecture", ["mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1"])
def test_torchvisions_heads_come_off_once_whatever_classifier_the_checkpoint_has(tmp_path, architecture):
    spec = BackboneSpec(library="torchvision", architecture=architecture)
    torch.manual_seed(1)
    model = with_classifier(spec, 64, num_classes=17)
    torch.save(model.state_dict(), tmp_path / "mine.pth")
    own, _ = load_backbone(from_file(spec, tmp_path / "mine.pth"), 64)
    expected = Pooled(headless(model)).eval()
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(own.eval()(images), expected(images))


def test_tensors_of_another_shape_or_name_are_an_error_that_names_them(tmp_path, resnet):
    state = resnet.state_dict()
    state["layer2.0.conv1.weight"] = torch.zeros(3, 3)
    state["extra.weight"] = state.pop("layer1.0.conv1.weight")
    torch.save(state, tmp_path / "weights.pth")
    error = refused(from_file(RESNET, tmp_path / "weights.pth"))
    assert "weights.pth are not of timm/test_resnet" in error.what
    assert "missing: layer1.0.conv1.weight" in error.why
    assert "not expected: extra.weight" in error.why
    assert "of another shape: layer2.0.conv1.weight" in error.why


@pytest.mark.parametrize(
    "other", ["timm/test_efficientnet", "timm/resnet18", "torchvision/squeezenet1_1", "bench/small_cnn"]
)
def test_the_checkpoint_of_another_architecture_is_refused_by_every_library(tmp_path, resnet, other):
    torch.save(resnet.state_dict(), tmp_path / "weights.pth")
    library, _, architecture = other.partition("/")
    spec = from_file(BackboneSpec(library=library, architecture=architecture), tmp_path / "weights.pth")
    assert f"not of {other}" in refused(spec).what


def test_shapes_that_agree_only_in_number_are_no_match_by_order(tmp_path, resnet):
    state = renamed(resnet.state_dict())
    torch.save(dict(reversed(state.items())), tmp_path / "weights.pth")
    refused(from_file(RESNET, tmp_path / "weights.pth"))


def test_a_file_that_is_not_the_declared_one_is_never_used(tmp_path, resnet):
    path = tmp_path / "weights.pth"
    torch.save(resnet.state_dict(), path)
    backbone, digest = load_backbone(from_file(RESNET, path, digest=file_digest(path)), 64)
    assert_same(backbone, resnet)
    error = refused(from_file(RESNET, path, digest="0" * 64))
    assert digest in error.why
    assert "0" * 64 in error.why


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pth", b"no checkpoint"), ("a.safetensors", b"no checkpoint"), ("a.pth", b""), ("a.safetensors", b"")],
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert str(tmp_path / name) in refused(from_file(RESNET, tmp_path / name)).what


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(3), {"epoch": 3}, {"state_dict": {}}], ids=str)
def test_a_file_without_named_tensors_is_no_checkpoint(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    assert "no named tensors" in refused(from_file(RESNET, tmp_path / "a.pth")).what


class Harmful:
    """What a pickle may hold: a call that is made when it is read."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.victim),)


def test_code_inside_a_checkpoint_is_never_run(tmp_path, resnet):
    victim = tmp_path / "made-by-the-checkpoint"
    torch.save({**resnet.state_dict(), "harm": Harmful(victim)}, tmp_path / "weights.pth")
    refused(from_file(RESNET, tmp_path / "weights.pth"))
    assert not victim.exists()


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    assert str(tmp_path / "none.pth") in refused(from_file(RESNET, tmp_path / "none.pth")).what


def test_timm_converts_what_does_not_match_as_it_is(tmp_path):
    """A position embedding is resampled to another image size; the rest stays bit for bit."""
    spec = BackboneSpec(library="timm", architecture="test_vit")
    model = library_model(spec, 160)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    backbone, _ = load_backbone(from_file(spec, tmp_path / "weights.safetensors"), 96)
    assert backbone.model.pos_embed.shape[1] == 1 + (96 // 16) ** 2
    assert torch.equal(backbone.model.blocks[0].attn.qkv.weight, model.blocks[0].attn.qkv.weight)
    assert backbone.eval()(torch.randn(1, 3, 96, 96)).shape == (1, model.num_features)


def old_densenet(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Name tensors as torchvision's published checkpoints do: `denselayer1.norm.1.weight`, and no counters."""
    split = {name.replace("norm1.", "norm.1.").replace("norm2.", "norm.2."): t for name, t in state.items()}
    split = {name.replace("conv1.", "conv.1.").replace("conv2.", "conv.2."): t for name, t in split.items()}
    return without_counters(split)


@pytest.mark.parametrize(
    ("architecture", "form"),
    [("densenet121", old_densenet), ("mnasnet0_5", dict), ("googlenet", dict), ("mobilenet_v3_small", dict)],
)
def test_torchvision_s_checkpoints_load_as_they_were_published(tmp_path, architecture, form):
    spec = BackboneSpec(library="torchvision", architecture=architecture)
    model = library_model(spec)
    save_file(form(model.state_dict()), tmp_path / "weights.safetensors")
    backbone, _ = load_backbone(from_file(spec, tmp_path / "weights.safetensors"), 64)
    assert_same(backbone, model)


def test_auxiliary_classifiers_of_a_checkpoint_are_left_out(tmp_path):
    from bench.models.vision import torchvision

    torch.manual_seed(1)
    model = torchvision.models.googlenet(weights=None, init_weights=False, aux_logits=True)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    spec = from_file(BackboneSpec(library="torchvision", architecture="googlenet"), tmp_path / "weights.pth")
    backbone, _ = load_backbone(spec, 64)
    assert_same(backbone, model)
    assert backbone.model.transform_input, "its checkpoint was trained on inputs scaled to another mean"


def test_random_weights_depend_on_the_seed_and_on_nothing_else():
    spec = RESNET.model_copy(update={"weights": WeightsSpec(source="none")})

    def first(seed: int) -> Tensor:
        torch.manual_seed(torch.initial_seed() + 1)
        backbone, digest = load_backbone(spec, 64, seed=seed)
        assert digest is None
        return next(backbone.parameters())

    state = torch.random.get_rng_state()
    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))
    torch.random.set_rng_state(state)
