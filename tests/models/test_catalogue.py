from __future__ import annotations

import json

import pytest

from bench.errors import BackboneError, WeightsError
from bench.models.catalogue import Catalogue, catalogue
from bench.spec import BackboneSpec, WeightsSpec


def spec(name: str, tag: str = "") -> BackboneSpec:
    library, _, architecture = name.partition("/")
    return BackboneSpec(library=library, architecture=architecture, weights=WeightsSpec(tag=tag))


def test_every_architecture_of_the_three_libraries_is_known():
    from bench.models.vision import timm, torchvision

    known = catalogue()
    assert {f"timm/{name}" for name in timm.list_models()} <= set(known.names())
    classification = torchvision.models.list_models(module=torchvision.models)
    assert known.names("torchvision/*") == [f"torchvision/{name}" for name in classification]
    assert known.names("bench/*") == ["bench/small_cnn", "bench/nine_layer_cnn"]


def test_every_checkpoint_of_timm_is_known_and_has_a_place():
    from bench.models.vision import timm

    known = catalogue()
    tagged = {f"{name[5:]}.{tag}" for name in known.names("timm/*") for tag in known.tags(name)}
    assert tagged == set(timm.list_pretrained())
    assert all(known.hub_weights(name, tag).location for name in known.names() for tag in known.tags(name))


def test_the_first_checkpoint_is_the_librarys_default():
    known = catalogue()
    assert known.tags("timm/efficientnet_b0")[0] == "ra_in1k"
    assert known.tags("torchvision/resnet50") == ["IMAGENET1K_V2", "IMAGENET1K_V1"]
    assert known.hub_weights("timm/efficientnet_b0").location == "timm/efficientnet_b0.ra_in1k"
    assert known.hub_weights("torchvision/resnet50").location.startswith("https://")
    assert known.hub_weights("bench/small_cnn") == WeightsSpec(source="none")


def test_each_checkpoint_expects_its_own_image():
    known = catalogue()
    transform = known.transform(spec("timm/efficientnet_b2", "ra_in1k"))
    assert (transform.image_size, transform.interpolation) == (256, "bicubic")
    assert known.transform(spec("timm/mobilenetv3_large_100", "miil_in21k_ft_in1k")).mean == (0.0, 0.0, 0.0)
    assert known.transform(spec("timm/mobilenetv3_large_100", "ra_in1k")).mean == (0.485, 0.456, 0.406)
    assert known.transform(spec("torchvision/resnet50", "IMAGENET1K_V1")).crop_pct == 224 / 256
    assert known.transform(spec("torchvision/resnet50", "IMAGENET1K_V2")).crop_pct == 224 / 232
    assert known.transform(spec("bench/small_cnn")).image_size == 32


def test_unknown_names_and_weights_are_errors_that_list_what_there_is():
    with pytest.raises(BackboneError, match="Did you mean timm/resnet18"):
        catalogue().tags("timm/resnet18s")
    with pytest.raises(WeightsError, match="It has: tv_in1k"):
        catalogue().hub_weights("timm/densenet169", "in1k")
    with pytest.raises(WeightsError, match="It has: none"):
        catalogue().hub_weights("bench/small_cnn", "in1k")


def test_the_catalogue_is_kept_for_these_versions_and_made_anew_where_it_is_damaged(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    made = catalogue.__wrapped__()
    (kept,) = (tmp_path / "catalogue").iterdir()
    assert Catalogue(**json.loads(kept.read_text())) == made == catalogue()
    kept.write_text("{")
    assert catalogue.__wrapped__() == made
    assert json.loads(kept.read_text())
