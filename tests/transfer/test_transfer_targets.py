"""A dataset with two targets, in CIFAR-100's layout, and one keyed by WordNet id, in Tiny-ImageNet's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command_line import bench, refused

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))  # dataset_layouts

import dataset_layouts
import numpy as np

from bench.store.store import Store

REGISTRY = """
[little-cifar100]
reader = "cifar"
num_classes = 3
targets = { fine = 3, coarse = 2 }
locations = ["cifar-100-python"]

[little-tiny]
reader = "tiny_imagenet"
num_classes = 3
locations = ["tiny-imagenet-200"]
overlaps = ["imagenet-1k"]
"""
FINE = '[map]\n"ant" = "ant"\n"Egyptian cat" = "cat"\n'


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry, its two datasets, and a database with a run on each of the first's targets."""
    root = tmp_path_factory.mktemp("world")
    dataset_layouts.cifar100(root / "data")
    _tiny_imagenet(root / "data" / "tiny-imagenet-200")
    (root / "registry").mkdir()
    (root / "registry" / "datasets.toml").write_text(REGISTRY, encoding="utf-8")
    for target in ("fine", "coarse"):
        ended = bench("sweep", "-d", "little-cifar100", "--target", target, "-m", "timm/test_efficientnet@none",
                      "-s", "linear", "--image-size", "32", "--epochs", "1", *where(root))  # fmt: skip
        assert ended.code == 0, ended.stderr
    return root


def _tiny_imagenet(top: Path) -> None:
    """Write images of three classes in the official layout; words.txt does not know the last."""
    wnids, rng = ("n02124075", "n02206856", "n02219486"), np.random.default_rng(0)  # a cat, a bee, an ant
    for wnid in wnids:
        dataset_layouts.picture(top / "train" / wnid / "images" / f"{wnid}_0.JPEG", rng)
        dataset_layouts.picture(top / "val" / "images" / f"{wnid}.JPEG", rng)
    dataset_layouts.write_lines(top / "wnids.txt", list(wnids))
    dataset_layouts.write_lines(top / "words.txt", ["n02124075\tEgyptian cat", "n02206856\tbee"])
    lines = [f"{wnid}.JPEG\t{wnid}\t0\t0\t9\t9" for wnid in wnids]
    dataset_layouts.write_lines(top / "val" / "val_annotations.txt", lines)


def where(root: Path) -> list[object]:
    return ["--db", root / "runs.db", "--registry", root / "registry", "--data-root", root / "data"]


def words(world: Path, tmp_path: Path, target: str, text: str, dataset: str = "little-tiny") -> list[object]:
    """Write a map; return the words that ask of the run on `target`."""
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    with Store.open(world / "runs.db") as store:
        run_id = next(row.run_id for row in store.rows() if row.target == target)
    return ["transfer", run_id, "-d", dataset, "--label-map", path, *where(world)]


def test_a_map_to_fine_classes_leads_a_coarse_run_to_their_groups(world, tmp_path):
    found = bench(*words(world, tmp_path, "coarse", FINE), "--json").data
    (head,) = found["result"]["heads"]
    assert (found["label_map"]["target"], head["target"]) == ("fine", "coarse")
    assert {score["theirs"]: score["ours"] for score in head["readings"][0]["classes"]} == {
        "n02219486": "insect", "n02124075 Egyptian cat": "mammal",
    }  # fmt: skip


def test_a_map_to_coarse_classes_needs_no_groups(world, tmp_path):
    found = bench(
        *words(world, tmp_path, "coarse", '[map]\nn02124075 = "mammal"\nn02206856 = "insect"\n'), "--json"
    ).data
    assert found["label_map"]["target"] == "coarse"
    assert {pair["verdict"] for pair in found["label_map"]["pairs"]} == {"unchecked"}


def test_a_class_that_is_only_an_id_is_shown_as_wordnet_calls_it(world, tmp_path):
    text = bench(*words(world, tmp_path, "fine", '[map]\nn02219486 = "cat"\n')).stdout
    assert "warning: ant (n02219486) goes to cat, but by its name it is ant (0)." in text


def test_the_other_dataset_may_have_targets_too(world, tmp_path):
    text = '[map]\ninsect = "ant"\nmammal = "cat"\n'
    found = bench(*words(world, tmp_path, "fine", text, "little-cifar100"), "--target", "coarse", "--json").data
    assert found["result"]["asked"]["target"] == "coarse"
    assert found["images"] == 9


def test_a_coarse_class_is_not_taken_for_a_fine_one(world, tmp_path):
    assert "Unknown fine class of ours 'insect'" in refused(
        *words(world, tmp_path, "fine", '[map]\nant = "insect"\n')
    )


def test_a_backbone_of_random_weights_has_seen_nothing(world, tmp_path):
    assert "shares images" not in bench(*words(world, tmp_path, "fine", FINE)).stdout
