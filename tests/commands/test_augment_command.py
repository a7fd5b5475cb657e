from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import bench, refused
from PIL import Image

REGISTRY = Path(__file__).parents[1] / "registry"


def shown(tmp_path, *words):
    """Run `bench augment` on digits; returns what it says as JSON."""
    ended = bench("augment", "--dataset", "digits", "--out", tmp_path / "p.png", "--json", *words)
    assert (ended.code, ended.stderr) == (0, ""), ended
    return ended.data


def test_the_picture_has_a_row_for_each_image_and_a_column_for_each_epoch(tmp_path):
    words = [
        "--augment",
        "rotation(20)",
        "--augment",
        "A.Blur(p=1)",
        "--images",
        3,
        "--each",
        2,
        "--image-size",
        32,
    ]
    said = shown(tmp_path, *words)
    assert said["columns"] == ["without", "epoch 1", "epoch 2"]
    assert [row["class"] for row in said["rows"]] == ["0", "3", "6"]
    assert said["augment"] == ["rotation(degrees=20.0)", "albumentations.Blur(blur_limit=(3, 7), p=1.0)"]
    assert said["image_size"] == 32
    picture = Image.open(said["picture"])
    assert picture.width > 3 * 96
    assert picture.height > 3 * 96


def test_what_a_dataset_leaves_out_is_left_out_unless_it_is_named(tmp_path):
    assert shown(tmp_path, "--recipe", "strong")["augment"] == ["rand_augment(m=9, n=2)", "random_erasing(p=0.25)"]
    asked = shown(tmp_path, "--recipe", "strong", "--set", 'augment=["horizontal_flip"]')
    assert asked["augment"] == ["horizontal_flip(p=0.5)"]
    assert shown(tmp_path, "--augment", "vertical_flip")["augment"] == ["vertical_flip(p=0.5)"]


def test_a_recipe_with_views_shows_them_all(tmp_path):
    said = shown(tmp_path, "--recipe", "strong", "--strategy", "last_blocks(2)+norm")
    assert said["columns"][-1] == "view 8 of 8"
    assert shown(tmp_path, "--recipe", "strong", "--views", 2)["columns"][1:] == ["view 1 of 2", "view 2 of 2"]
    epochs = shown(tmp_path, "--recipe", "strong", "--strategy", "neck", "--views", 0, "--each", 1)
    assert epochs["columns"] == ["without", "epoch 1"]


def test_a_seed_decides_what_epochs_show_and_views_have_none(tmp_path):
    def pixels(*words):
        return np.asarray(
            Image.open(shown(tmp_path, "--augment", "rotation(90)", "--images", 2, *words)["picture"])
        )

    assert np.array_equal(pixels("--seed", 1)[60:], pixels("--seed", 1)[60:])
    assert not np.array_equal(pixels("--seed", 1)[60:], pixels("--seed", 2)[60:])
    assert np.array_equal(pixels("--seed", 1, "--views", 2), pixels("--seed", 2, "--views", 2))


def test_a_backbone_resizes_as_it_wants_unless_the_dataset_says_otherwise(tmp_path, tiny_folder):
    words = ["--augment", "rotation", "--backbone", "timm/efficientnet_b1", "--each", 1, "--images", 1]
    assert shown(tmp_path, *words)["image_size"] == 64
    ended = bench("augment", "-d", f"folder:{tiny_folder}", "-o", tmp_path / "q.png", "--json", *words)
    assert ended.data["image_size"] == 240


def test_the_picture_has_a_name_of_its_own_where_none_is_given(tmp_path, tiny_folder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = bench("augment", "-d", f"folder:{tiny_folder}", "--each", 1, "--images", 40)
    assert ended.code == 0, ended.stderr
    (written,) = (tmp_path / "reports").iterdir()
    assert ended.stdout.strip() == str(written.relative_to(tmp_path))
    assert "/" not in written.stem
    assert ":" not in written.stem


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--recipe", "default"], "digits leaves out horizontal_flip, random_resized_crop(0.5)"),
        (["--recipe", "default", "--strategy", "linear"], "It lists none"),
        (["--set", "augment=[]"], "It lists none"),
        (["--recipe", "stron"], "Did you mean strong?"),
        (["--recipe", "strong", "--strategy", "ful"], "Did you mean full"),
        (["--recipe", "strong", "--set", "lr=1e-3,1e-2"], "One recipe is shown at a time"),
        (["--augment", "rotate"], "Did you mean rotation"),
        (["--augment", "A.RandomCrop(300, 300)"], "fails on an image of 64 x 64 pixels"),
        (["--augment", " "], "--augment is empty"),
        (["--augment", "rotation", "--out", "p.jpg"], "ends in .png"),
        (["--augment", "rotation", "--backbone", "resnet1"], "resnet"),
        (["--augment", "rotation", "--dataset", "digit"], "Did you mean digits?"),
    ],
)
def test_a_mistake_is_answered_and_no_picture_is_written(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refused("augment", "--dataset", "digits", *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["cub100", "cifar10-small"])
def test_real_images_are_shown(name, shared_data, tmp_path):
    words = ["--registry", REGISTRY, "--data-root", shared_data, "--augment", "grid_distortion(p=1)"]
    ended = bench("augment", "-d", name, "-o", tmp_path / "p.png", "--json", "--images", 2, "--each", 2, *words)
    assert ended.code == 0, ended.stderr
    assert len({row["class"] for row in ended.data["rows"]}) == 2
