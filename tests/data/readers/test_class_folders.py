"""Images in class folders, in all the forms that people keep them in."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from dataset_layouts import pack, picture

from bench.data.datasets import folder_entry, open_dataset
from bench.errors import DataError


def folders(root, *names, count=3):
    rng = np.random.default_rng(0)
    for name in names:
        for number in range(count):
            picture(root / name / f"{number}.png", rng)
    return open_dataset(folder_entry(root))


@pytest.mark.parametrize("val", ["val", "valid", "validation"])
def test_a_validation_folder_may_have_any_of_its_usual_names(val, tmp_path):
    dataset = folders(tmp_path / "birds", "train/a", "train/b", f"{val}/a", f"{val}/b", "test/a")
    assert {name: len(part.ids) for name, part in dataset.manifest.splits.items()} == {
        "train": 6,
        "val": 6,
        "test": 3,
    }


def test_without_a_test_folder_val_is_the_test_split(tmp_path):
    dataset = folders(tmp_path / "birds", "train/a", "train/b", "val/a", "val/b")
    assert dataset.manifest.splits.keys() == {"train", "test"}
    assert dataset.manifest.splits["test"].ids[0] == "val/a/0.png"


@pytest.mark.parametrize("top", ["", "train/"])
def test_without_any_split_a_fixed_fifth_of_each_class_is_test(top, tmp_path):
    dataset = folders(tmp_path / "birds", f"{top}a", f"{top}b", f"{top}c", count=10)
    for split, count in (("train", 8), ("test", 2)):
        assert np.bincount(dataset.manifest.splits[split].labels["label"]).tolist() == [count] * 3
    again = folders(tmp_path / "copy" / "birds", f"{top}a", f"{top}b", f"{top}c", count=10)
    assert again.manifest.splits["test"].ids == dataset.manifest.splits["test"].ids


@pytest.mark.parametrize(("train", "test"), [("Train", "Test"), ("TRAINING", "testing"), ("training", "Valid")])
def test_a_split_is_known_in_capitals_and_as_training_and_testing(train, test, tmp_path):
    dataset = folders(tmp_path / "pets", f"{train}/cat", f"{train}/dog", f"{test}/cat", f"{test}/dog")
    assert dataset.manifest.classes["label"] == ("cat", "dog")
    assert dataset.manifest.splits.keys() == {"train", "test"}


@pytest.mark.parametrize("names", [("train/a", "test/a", "extra/a"), ("train", "car", "bus")])
def test_splits_beside_other_folders_are_an_error_not_classes(names, tmp_path):
    with pytest.raises(DataError, match="Some folders are named like splits") as caught:
        folders(tmp_path / "birds", *names)
    assert "train would be splits" in caught.value.why


@pytest.mark.parametrize("name", ["cat", "train/cat"])
def test_a_single_class_is_an_error(name, tmp_path):
    with pytest.raises(DataError, match="only one class") as caught:
        folders(tmp_path / "birds", name)
    assert "cat" in caught.value.why


def test_a_file_name_that_is_no_utf_8_is_named(tmp_path):
    folders(tmp_path / "birds", "a", "b")
    image = tmp_path / "birds" / "a" / "0.png"
    image.rename(os.fsdecode(bytes(image.parent) + b"/caf\xe9.png"))
    with pytest.raises(DataError, match=r"caf\\xe9\.png is not UTF-8"):
        open_dataset(folder_entry(tmp_path / "birds"))


def test_deeper_folders_hidden_files_and_files_that_are_no_images_do_not_disturb(tmp_path):
    root = tmp_path / "birds"
    picture(root / "a" / "2024" / "deep.JPG", np.random.default_rng(0))
    for name in (".DS_Store", "a/._0.png", "__MACOSX/a/0.png", "a/notes.txt", "README.png", ".git/x/0.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"not an image")
    dataset = folders(root, "a", "b", count=5)
    ids = {sample for part in dataset.manifest.splits.values() for sample in part.ids}
    assert ids == {"a/2024/deep.JPG", *(f"{c}/{n}.png" for c in "ab" for n in range(5))}


def test_a_folder_that_only_wraps_the_dataset_is_looked_through(tmp_path):
    folders(tmp_path / "outer" / "inner" / "birds", "train/a", "train/b", "test/a", "test/b")
    dataset = open_dataset(folder_entry(tmp_path / "outer"))
    assert dataset.manifest.splits["train"].ids[0] == "train/a/0.png"


def test_a_folder_entry_is_named_by_its_last_part_and_counts_its_classes(tmp_path):
    folders(tmp_path / "birds", "a", "b", "c")
    entry = folder_entry(tmp_path / "birds")
    assert entry.name == "folder:birds"
    assert entry.num_classes == 3


def test_a_folder_may_be_packed(tmp_path):
    made = folders(tmp_path / "birds", "a", "b", count=5)
    for suffix in (".tar", ".tgz", ".zip"):
        archive = pack(tmp_path / "birds", tmp_path / f"packed{suffix}")
        assert open_dataset(folder_entry(archive)).manifest.fingerprint == made.manifest.fingerprint


def test_a_class_without_a_training_image_is_named(tmp_path):
    with pytest.raises(DataError, match="1 of 3 label classes have none: c"):
        folders(tmp_path / "birds", "train/a", "train/b", "test/a", "test/c")


@pytest.mark.parametrize("name", ["val/a", "test/a"])
def test_splits_without_train_are_an_error(name, tmp_path):
    with pytest.raises(DataError, match="no folder train"):
        folders(tmp_path / "birds", name)


def test_a_path_that_does_not_exist_and_a_folder_without_images_are_errors(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        folder_entry(tmp_path / "nowhere")
    (tmp_path / "empty" / "a").mkdir(parents=True)
    with pytest.raises(DataError, match="no image in class folders"):
        folder_entry(tmp_path / "empty")


def test_a_linked_split_is_read_and_a_circle_of_links_ends(tmp_path):
    root = tmp_path / "birds"
    folders(root, "train/a", "train/b", "test/a", "test/b")
    shutil.rmtree(root / "test")
    (root / "test").symlink_to(root / "train")
    (root / "train" / "a" / "circle").symlink_to(root)
    dataset = open_dataset(folder_entry(root))
    assert {"test/a/0.png", "test/b/2.png"} <= set(dataset.manifest.splits["test"].ids)
