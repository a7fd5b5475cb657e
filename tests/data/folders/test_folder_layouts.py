"""Layouts of folders as they are published and downloaded, each with what it must be read as, or refused with."""

from __future__ import annotations

import re

import pytest
from folder_builder import build

from bench.data.datasets import folder_entry, open_dataset
from bench.errors import DataError

CAT_DOG = ("cat", "dog")

# files, classes, images of each split, the layout noted
READ = [
    pytest.param("cat|dog/#5.jpg", CAT_DOG, {"train": 8, "test": 2}, "classes", id="plain"),
    pytest.param(
        "seg_train/seg_train/cat|dog/#3.jpg\nseg_test/seg_test/cat|dog/#2.jpg\nseg_pred/seg_pred/#4.jpg",
        CAT_DOG,
        {"train": 6, "test": 4},
        "splits/*/classes",
        id="intel",
    ),
    pytest.param(
        "seg_train|seg_test|seg_pred/x/cat|dog/#2.jpg",
        CAT_DOG,
        {"train": 4, "test": 4},
        "splits/*/classes",
        id="intel with classes in seg_pred",
    ),
    pytest.param(
        "training_set/training_set/cat|dog/#3.jpg\ntest_set/test_set/cat|dog/#1.jpg",
        CAT_DOG,
        {"train": 6, "test": 2},
        "splits/*/classes",
        id="cats and dogs",
    ),
    pytest.param(
        "archive/data/Train_Images|Test_Images/cat|dog/#2.jpg",
        CAT_DOG,
        {"train": 4, "test": 4},
        "splits/classes",
        id="in a wrapper",
    ),
    pytest.param(
        "train2017|val2017/cat|dog/#2.jpg", CAT_DOG, {"train": 4, "test": 4}, "splits/classes", id="years in names"
    ),
    pytest.param(
        "TrainImages|TestImages/cat|dog/#2.jpg",
        CAT_DOG,
        {"train": 4, "test": 4},
        "splits/classes",
        id="camel case",
    ),
    pytest.param(
        "Training Data|Testing Data/cat|dog/#2.jpg",
        CAT_DOG,
        {"train": 4, "test": 4},
        "splits/classes",
        id="spaces",
    ),
    pytest.param(
        "01_train|02_val|03_test/cat|dog/#2.jpg",
        CAT_DOG,
        {"train": 4, "val": 4, "test": 4},
        "splits/classes",
        id="numbered",
    ),
    pytest.param(
        "ILSVRC2012_img_train|ILSVRC2012_img_val/n01|n02/#2.JPEG",
        ("n01", "n02"),
        {"train": 4, "test": 4},
        "splits/classes",
        id="imagenet",
    ),
    pytest.param(
        "training|validation|evaluation/Bread|Soup/#2.jpg",
        ("Bread", "Soup"),
        {"train": 4, "val": 4, "test": 4},
        "splits/classes",
        id="food-11",
    ),
    pytest.param(
        "train|dev|test/cat|dog/#2.jpg", CAT_DOG, {"train": 4, "val": 4, "test": 4}, "splits/classes", id="dev"
    ),
    pytest.param(
        "train/cat|dog/#5.jpg\ntest/#7.jpg",
        CAT_DOG,
        {"train": 8, "test": 2},
        "splits/classes",
        id="kaggle's unlabelled test",
    ),
    pytest.param(
        "train|valid/cat|dog/#2.jpg\ntest/unknown/#7.jpg",
        CAT_DOG,
        {"train": 4, "test": 4},
        "splits/classes",
        id="unlabelled in a folder",
    ),
    pytest.param(
        "train|val/cat|dog/#2.jpg\ntest1/#7.jpg", CAT_DOG, {"train": 4, "test": 4}, "splits/classes", id="test1"
    ),
    pytest.param(
        "train|test/cat|dog/#2.jpg\nunlabeled/#9.png",
        CAT_DOG,
        {"train": 4, "test": 4},
        "splits/classes",
        id="unlabeled beside",
    ),
    pytest.param(
        "cat|dog/train/#3.jpg\ncat|dog/test/#1.jpg",
        CAT_DOG,
        {"train": 6, "test": 2},
        "classes/splits",
        id="splits below",
    ),
    pytest.param(
        "cat|dog/train_images|val_images/#2.jpg",
        CAT_DOG,
        {"train": 4, "test": 4},
        "classes/splits",
        id="longer splits below",
    ),
    pytest.param(
        "cat|dog/train|test/images/#2.jpg",
        CAT_DOG,
        {"train": 4, "test": 4},
        "classes/splits",
        id="splits below, images deeper",
    ),
    pytest.param(
        "bullet_train|car|bus/#5.jpg",
        ("bullet_train", "bus", "car"),
        {"train": 12, "test": 3},
        "classes",
        id="bullet train",
    ),
    pytest.param(
        "real_and_fake/training_real|training_fake/#5.jpg",
        ("training_fake", "training_real"),
        {"train": 8, "test": 2},
        "classes",
        id="real and fake",
    ),
    pytest.param("cat|dog/images/#5.jpg", CAT_DOG, {"train": 8, "test": 2}, "classes", id="images in each class"),
    pytest.param(
        "cat|dog/2019|2020/#5.jpg", CAT_DOG, {"train": 16, "test": 4}, "classes", id="years below classes"
    ),
    pytest.param(
        "cat|dog/#5.jpg\ncat/night/#5.jpg",
        CAT_DOG,
        {"train": 12, "test": 3},
        "classes",
        id="one folder more in some",
    ),
    pytest.param(
        "train|test/0|1|10/#2.png", ("0", "1", "10"), {"train": 6, "test": 6}, "splits/classes", id="numbers"
    ),
    pytest.param("Обучение|猫/#5.jpg", ("Обучение", "猫"), {"train": 8, "test": 2}, "classes", id="not ASCII"),
]

# files, a part of the message, what the advice names
REFUSED = [
    pytest.param(
        "2019|2020/cat|dog/#2.jpg", "may be classes", "'*/classes' (2 classes: cat, dog)", id="years above"
    ),
    pytest.param(
        "photo|sketch|cartoon/cat|dog/#2.jpg", "may be classes", "classes (3 classes: cartoon", id="domains above"
    ),
    pytest.param(
        "animals/cat|dog/#2.jpg\nvehicles/car|bus/#2.jpg",
        "may be classes",
        "'*/classes' (4 classes",
        id="groups above",
    ),
    pytest.param(
        "train|test/photo|sketch/cat|dog/#2.jpg",
        "may be classes",
        "'splits/*/classes' (2 cl",
        id="domains in splits",
    ),
    pytest.param("fold1|fold2/cat|dog/#2.jpg", "may be classes", "'*/classes'", id="folds above"),
    pytest.param(
        "fold1|fold2/train|test/cat|dog/#2.jpg",
        "above and below the splits",
        "'*/splits/classes' (2 classes: cat, dog)",
        id="folds above splits",
    ),
    pytest.param(
        "benign|malignant/SOB/a|b|c/#2.png", "may be classes", "'*/*/classes' (3 classes: a, b, c)", id="histology"
    ),
    pytest.param(
        "a/abbey|airport/#2.jpg\nb/bakery|barn/#2.jpg",
        "may be classes",
        "'*/classes' (4 classes",
        id="letters above",
    ),
    pytest.param(
        "cars_train/cars_train/#4.jpg\ncars_test/cars_test/#4.jpg",
        "has no class folders",
        "--list train.csv",
        id="cars",
    ),
    pytest.param("train|test/cat.#3.jpg", "has no class folders", "--list train.csv", id="dogs vs cats"),
    pytest.param("#9.jpg", "no image in class folders", "--list labels.csv", id="flat"),
    pytest.param(
        "train|car|bus/#2.jpg",
        "Some folders are named like splits",
        "classes (3 classes: bus, car, train)",
        id="trains",
    ),
    pytest.param(
        "train|test/cat|dog/#2.jpg\nchest/train|test/cat|dog/#2.jpg",
        "Some folders are named like",
        "--layout splits/classes (splits: test, train, without chest)",
        id="a copy inside",
    ),
    pytest.param(
        "cat|dog|backup/#2.jpg\nold/cat|dog|backup/#2.jpg",
        "holds folders of the classes' names",
        "take old away",
        id="a copy beside",
    ),
    pytest.param(
        "train_cat|train_dog|test_cat|test_dog/#2.jpg",
        "like splits, and like classes",
        "--layout classes",
        id="split and class in one name",
    ),
    pytest.param(
        "train2014|train2017|val2017/cat|dog/#2.jpg",
        "Several folders are named like the split train",
        "--layout",
        id="two trains",
    ),
    pytest.param("val|test/cat|dog/#2.jpg", "no folder train", "Add a folder train", id="no train"),
    pytest.param(
        "covid|normal/images|masks/#2.png",
        "named like masks",
        "--layout classes/images (2 classes: covid",
        id="masks",
    ),
    pytest.param(
        "cat|dog/train|test/#2.jpg\ncat/#2.jpg",
        "some images lie beside",
        "classes/splits",
        id="images beside splits",
    ),
    pytest.param(
        "cat|dog/train|test|misc/#2.jpg", "Below the classes", "classes/splits", id="splits and others below"
    ),
]


def opened(root, **told):
    return open_dataset(folder_entry(root, **told))


def counts(dataset):
    return {split: len(part.ids) for split, part in dataset.manifest.splits.items()}


@pytest.mark.parametrize(("files", "classes", "images", "layout"), READ)
def test_a_layout_whose_meaning_is_sure_is_read(files, classes, images, layout, tmp_path):
    dataset = opened(build(tmp_path / "data", files))
    assert dataset.manifest.classes == {"label": classes}
    assert counts(dataset) == images
    assert dataset.raw.notes.layout == layout


@pytest.mark.parametrize(("files", "what", "todo"), REFUSED)
def test_a_layout_that_can_be_read_in_two_ways_is_refused_with_the_flag(files, what, todo, tmp_path):
    with pytest.raises(DataError, match=re.escape(what)) as caught:
        opened(build(tmp_path / "data", files))
    assert todo in caught.value.todo
    assert caught.value.why


@pytest.mark.parametrize(
    ("files", "layout", "classes", "images"),
    [
        ("2019|2020/cat|dog/#5.jpg", "*/classes", CAT_DOG, {"train": 16, "test": 4}),
        ("2019|2020/cat|dog/#5.jpg", "classes", ("2019", "2020"), {"train": 16, "test": 4}),
        ("photo|sketch/cat|dog/#5.jpg", "photo/classes", CAT_DOG, {"train": 8, "test": 2}),
        ("covid|normal/images|masks/#5.png", "classes/images", ("covid", "normal"), {"train": 8, "test": 2}),
        ("fold1|fold2/train|test/cat|dog/#2.jpg", "*/splits/classes", CAT_DOG, {"train": 8, "test": 8}),
        ("train|test/photo|sketch/cat|dog/#2.jpg", "splits/*/classes", CAT_DOG, {"train": 8, "test": 8}),
        ("cat|dog/train|test/#2.jpg\ncat/#2.jpg", "classes/splits", CAT_DOG, {"train": 4, "test": 4}),
        ("train|test|extra/cat|dog/#2.jpg", "splits/classes", CAT_DOG, {"train": 4, "test": 4}),
        ("train|car|bus/#5.jpg", "classes", ("bus", "car", "train"), {"train": 12, "test": 3}),
        ("top/a|b/cat|dog/#5.jpg", "*/classes", CAT_DOG, {"train": 16, "test": 4}),
        ("top/a|b/cat|dog/#5.jpg", "top/*/classes", CAT_DOG, {"train": 16, "test": 4}),
        ("cat|dog/train|test/#5.jpg", "classes", CAT_DOG, {"train": 16, "test": 4}),
    ],
)
def test_a_layout_that_is_told_decides(files, layout, classes, images, tmp_path):
    dataset = opened(build(tmp_path / "data", files), layout=layout)
    assert dataset.manifest.classes == {"label": classes}
    assert counts(dataset) == images


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        ("splits", "0 levels of classes"),
        ("class/splits", "Did you mean"),
        ("classes/classes", "2 levels of classes"),
        ("splits/splits/classes", "two levels of splits"),
        ("classes//splits", "no name"),
        ("../classes", "no name"),
        ("*/*/*/*/classes", "One of the deepest"),
        ("fotos/classes", "One of the deepest"),
    ],
)
def test_a_layout_that_cannot_be_read_or_fits_no_image_is_refused(layout, why, tmp_path):
    build(tmp_path / "data", "2019|2020/cat|dog/#2.jpg")
    with pytest.raises(DataError) as caught:
        opened(tmp_path / "data", layout=layout)
    assert why in caught.value.why
    assert "--layout" in caught.value.todo


def test_what_is_left_out_is_said(tmp_path):
    files = "seg_train|seg_test/cat|dog/#2.jpg\nseg_pred/#4.jpg\nstray.jpg\ntest.py\nseg_train/cat/notes.xyz"
    notes = opened(build(tmp_path / "data", files)).raw.notes
    assert any("seg_pred is left out" in remark for remark in notes.remarks)
    assert any(remark == "1 image outside of class folders is left out." for remark in notes.remarks)
    assert notes.skipped == {".": {".py": 1}, "seg_train/cat": {".xyz": 1}}


def test_layouts_that_read_a_folder_otherwise_give_it_another_fingerprint(tmp_path):
    build(tmp_path / "data", "2019|2020/cat|dog/#5.jpg")
    prints = {opened(tmp_path / "data", layout=layout).manifest.fingerprint for layout in ("classes", "*/classes")}
    assert len(prints) == 2


def test_a_folder_that_needs_no_telling_keeps_its_fingerprint_when_it_is_told(tmp_path):
    build(tmp_path / "data", "train|test/cat|dog/#2.jpg")
    told = opened(tmp_path / "data", layout="splits/classes").manifest
    assert told.fingerprint == opened(tmp_path / "data").manifest.fingerprint
