"""`bench datasets NAME --picture` shows the first images of each class as the dataset has them."""

from __future__ import annotations

import numpy as np
import pytest
from command_line import bench, refused
from PIL import Image

COLOURS = {"blue": (0, 0, 250), "green": (0, 250, 0), "red": (250, 0, 0)}


@pytest.fixture
def folder(tmp_path):
    """Class folders of plain colours: images of many shapes, ten of red and two of the others."""
    for name, colour in COLOURS.items():
        for split in ("train", "val"):
            for number in range(10 if (name, split) == ("red", "train") else 2):
                size = [(40, 20), (20, 40), (500, 30), (33, 33)][number % 4]
                path = tmp_path / "data" / split / name / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                image = Image.new("RGB", size, colour)
                image.putpixel((0, 0), (number, 10 * len(name), len(split)))  # no two files are the same
                image.save(path)
    return tmp_path / "data"


def test_the_first_images_of_each_class_are_shown_in_their_own_order_and_again_the_same(folder, tmp_path):
    words = ("datasets", f"folder:{folder}", "--picture")
    data = bench(*words, tmp_path / "a.png", "--json").data
    assert [(one["class"], one["images"]) for one in data["classes"]] == [("blue", 2), ("green", 2), ("red", 10)]
    assert data["classes"][2]["shown"] == sorted(data["classes"][2]["shown"])[:8]
    assert bench(*words, tmp_path / "b.png").stdout.strip() == str(tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    pixels = np.asarray(Image.open(tmp_path / "a.png"))
    areas = {name: int((pixels == colour).all(axis=2).sum()) for name, colour in COLOURS.items()}
    assert areas["red"] > 3 * areas["blue"] > 0


def test_an_image_that_cannot_be_read_is_crossed_out_and_named(folder, tmp_path):
    bench("datasets", f"folder:{folder}", "--picture", tmp_path / "a.png")
    (folder / "train" / "green" / "0.png").write_bytes(b"no image")
    ended = bench("datasets", f"folder:{folder}", "--picture", tmp_path / "b.png", "--json")
    assert ended.code == 0, ended.stderr
    assert len(ended.data["unreadable"]) == 1
    assert "0.png" in ended.stderr


def test_many_classes_are_shown_at_even_distances(tmp_path):
    for number in range(700):
        for image in range(3):
            path = tmp_path / "data" / f"c{number:03d}" / f"{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (number % 256, number // 256, image)).save(path)
    data = bench("datasets", f"folder:{tmp_path / 'data'}", "--picture", tmp_path / "a.png", "--json").data
    names = [one["class"] for one in data["classes"]]
    assert (len(names), names[0], len(set(names))) == (320, "c000", 320)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--picture", "a.jpg"], "Pictures are PNG files"),
        (["--picture", "a.png", "--split", "tset"], "Unknown split"),
        (["--picture", "a.png", "--target", "kind"], "Unknown target"),
        (["--split", "val"], "--split is of a picture"),
    ],
)
def test_what_cannot_be_shown_is_refused(folder, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused("datasets", f"folder:{folder}", *words)
    assert list(tmp_path.glob("a.*")) == []


def test_a_picture_of_no_dataset_is_refused(tmp_path):
    assert "--picture names no dataset" in refused("datasets", "--picture", tmp_path / "a.png")
