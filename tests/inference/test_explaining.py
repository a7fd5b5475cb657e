"""Layers are read as maps whatever their layout, and Grad-CAM is what its definition says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from trained_runs import of

from bench.errors import BenchError, DataError
from bench.inference.explaining import Explaining
from bench.inference.layers import Grid, find_layer, last_layer, reading, see_layers
from bench.inference.trained import load_trained
from bench.store.store import Store

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=["linear", "last_blocks(1)", "full"])
def explaining(request: Any, trained_db: Path, tiny_folder: Path) -> Explaining:
    with Store.open(trained_db) as store:
        trained = load_trained(store, of(trained_db, request.param).run_id, CPU)
    return Explaining(trained, tiny_folder / "test" / "sand" / "03.png", CPU)


@pytest.fixture(scope="module")
def random_model() -> Any:
    """Make a classifier of random weights and an image for it: (name, size)."""
    from bench.models.backbones import build
    from bench.models.classifier import assemble
    from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec, WeightsSpec

    def make(name: str, size: int) -> Any:
        library, _, architecture = name.partition("/")
        spec = RunSpec(
            dataset=DatasetSpec(name="any", num_classes=3),
            backbone=BackboneSpec(library=library, architecture=architecture, weights=WeightsSpec(source="none")),
            strategy="linear",
            recipe=RecipeSpec(),
            transform=TransformSpec(image_size=size),
        )
        torch.manual_seed(0)
        model = assemble(spec, build(spec.backbone, size)).eval()
        model.train_only([])
        return model, torch.randn(1, 3, size, size)

    return make


@pytest.mark.parametrize(
    ("layout", "shape", "maps"),
    [
        ("NCHW", (1, 8, 5, 5), (1, 8, 5, 5)),
        ("NHWC", (1, 5, 5, 8), (1, 8, 5, 5)),
        ("tokens", (1, 25, 8), (1, 8, 5, 5)),
        ("tokens", (1, 26, 8), (1, 8, 5, 5)),
        ("tokens", (1, 201, 8), (1, 8, 14, 14)),
    ],
)
def test_a_grid_reads_maps_and_writes_them_back(
    layout: str, shape: tuple[int, ...], maps: tuple[int, ...]
) -> None:
    output, grid = torch.randn(shape), Grid.of(shape)
    assert grid is not None
    assert grid.layout == layout
    assert tuple(grid(output).shape) == maps
    assert torch.equal(grid.back(grid(output), output), output)


def test_a_token_stands_where_its_patch_was() -> None:
    output = torch.zeros(1, 17, 2)
    output[0, 1 + 2 * 4 + 3] = 1  # behind the class token: row 2, column 3
    grid = Grid.of((1, 17, 2))
    assert grid is not None
    assert grid(output)[0, 0].nonzero().tolist() == [[2, 3]]


@pytest.mark.parametrize(
    "shape", [(1, 8), (8,), (1, 8, 5, 7), (1, 64, 8, 5), (1, 1, 8), (4, 49, 8), (1, 48, 8), (1, 2, 3, 4, 5)]
)
def test_what_has_no_places_is_no_grid(shape: tuple[int, ...]) -> None:
    assert Grid.of(shape) is None


@pytest.mark.parametrize(
    ("name", "size", "layer", "side"),
    [
        ("timm/test_resnet", 64, "layer4.0", 2),
        ("timm/test_convnext", 64, "stages.3.blocks.1", 2),
        ("timm/test_mambaout", 64, "stages.3.blocks.0", 2),
        ("timm/test_vit", 160, "blocks.5.norm1", 10),
        ("bench/small_cnn", 32, "features.24", 4),
    ],
)
def test_the_last_block_of_each_family_gives_a_heat_map_though_it_is_frozen(
    name: str, size: int, layer: str, side: int, random_model: Any
) -> None:
    from captum.attr import LayerGradCam

    model, image = random_model(name, size)
    assert not any(p.requires_grad for p in model.backbone.parameters())
    chosen = last_layer(model, see_layers(model, image))
    assert chosen.name == layer
    before = model(image)
    with reading(model, chosen) as grid:
        assert torch.allclose(model(image), before, atol=1e-6)
        heat = LayerGradCam(model, grid).attribute(image, target=1)
    assert heat.shape == (1, 1, side, side)
    assert heat.abs().max() > 0
    assert not model.get_submodule(chosen.path)._forward_hooks


def test_grad_cam_before_a_pooled_linear_head_is_the_heads_own_weighing(explaining: Explaining) -> None:
    """There it is CAM (Zhou et al. 2016): the head's weights for the class times the maps, over their places."""
    maps: dict[str, torch.Tensor] = {}
    backbone = explaining.trained.model.backbone.model
    handle = backbone.bn2.register_forward_hook(lambda _, __, output: maps.update(bn2=output.detach()))
    with torch.no_grad():
        explaining.trained.model(explaining.input)
    handle.remove()
    weight = explaining.trained.model.head[-1].weight.detach()
    for index, name in enumerate(explaining.trained.classes["label"]):
        explained = explaining.grad_cam(["bn2"], name)
        weighed = torch.einsum("c,chw->hw", weight[index], maps["bn2"][0]).relu() / maps["bn2"][0, 0].numel()
        assert torch.allclose(torch.from_numpy(explained.heats[0].map), weighed, atol=1e-6)
        assert explained.explained.index == index


def test_by_default_the_predicted_class_is_explained_at_the_last_block(explaining: Explaining) -> None:
    explained = explaining.grad_cam([])
    assert explained.explained == explained.predicted
    assert [heat.layer for heat in explained.heats] == ["blocks.4.0"]
    assert explained.pixels.shape == (32, 32, 3)
    assert sum(explaining.shares.tolist()) == pytest.approx(1)


def test_activations_name_the_channels_that_respond_most(explaining: Explaining) -> None:
    (heat,) = explaining.activations(["blocks.1"]).heats
    means = [float(abs(channel).mean()) for channel in heat.channels.values()]
    assert means == sorted(means, reverse=True)
    assert len(means) == 14
    assert heat.map.min() >= 0


def test_a_layer_may_be_named_in_full_and_a_wrong_name_suggests_the_nearest(explaining: Explaining) -> None:
    assert find_layer(explaining.layers, "backbone.model.blocks.2").name == "blocks.2"
    with pytest.raises(BenchError, match=r"no layer 'blocks.22'") as error:
        explaining.grad_cam(["blocks.22"])
    assert "blocks.2" in error.value.why


def test_a_layer_without_places_is_refused(explaining: Explaining) -> None:
    with pytest.raises(BenchError, match="gives no map") as error:
        explaining.grad_cam(["head.1"])
    assert "(1, 4)" in error.value.why


def test_an_unknown_class_is_refused(explaining: Explaining) -> None:
    with pytest.raises(BenchError, match="Unknown class 'duskk'") as error:
        explaining.grad_cam([], "duskk")
    assert "dusk" in error.value.todo


def test_a_transformers_last_block_leaves_its_patches_nothing_to_say(random_model: Any) -> None:
    from captum.attr import LayerGradCam

    model, image = random_model("timm/test_vit", 160)
    with reading(model, find_layer(see_layers(model, image), "blocks.5")) as grid:
        assert LayerGradCam(model, grid).attribute(image, target=0).abs().max() == 0


def test_what_is_no_image_is_refused(explaining: Explaining, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(DataError, match="cannot be decoded"):
        Explaining(explaining.trained, tmp_path / "a.png", CPU)
