"""Lists beside images, as datasets are published with: read where they are sure, refused where they contradict."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from folder_builder import build

from bench.data.datasets import folder_entry, open_dataset
from bench.errors import DataError

CAT_DOG = ("cat", "dog")
HALF = {"train": 6, "test": 4}  # of cat and dog, with images 0 to 4 each


def lines(numbers, form="{c}/{n}", classes=CAT_DOG, joined="\n"):
    return joined.join(form.format(c=c, n=n, y=classes.index(c)) for c in classes for n in numbers)


TRAIN, TEST = range(3), range(3, 5)
SPLIT_OF = dict.fromkeys(TRAIN, "train") | dict.fromkeys(TEST, "test")


def table(header, form, numbers=range(5)):
    rows = [form.format(c=c, n=n, y=CAT_DOG.index(c), s=SPLIT_OF[n]) for c in CAT_DOG for n in numbers]
    return "\n".join([header, *rows])


CLASS_FOLDERS = "images/cat|dog/#5.jpg"
FLAT = "images/cat_#5.jpg|dog_#5.jpg"
READ = [
    pytest.param(
        CLASS_FOLDERS, {"meta/train.txt": lines(TRAIN), "meta/test.txt": lines(TEST)}, HALF, id="food-101"
    ),
    pytest.param(
        CLASS_FOLDERS,
        {
            "meta/train.txt": lines(TRAIN),
            "meta/test.txt": lines(TEST),
            "meta/train.json": json.dumps({c: [f"{c}/{n}" for n in TRAIN] for c in CAT_DOG}),
            "meta/test.json": json.dumps({c: [f"{c}/{n}" for n in TEST] for c in CAT_DOG}),
            "meta/classes.txt": "cat\ndog",
            "meta/labels.txt": "Cat\nDog",
        },
        HALF,
        id="food-101 with all of its lists",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {
            **{f"labels/train{k}.txt": lines([k % 5], "{c}/{n}.jpg") for k in range(1, 11)},
            **{f"labels/val{k}.txt": lines([(k + 1) % 5], "{c}/{n}.jpg") for k in range(1, 11)},
            **{
                f"labels/test{k}.txt": lines([(k + 2) % 5, (k + 3) % 5, (k + 4) % 5], "{c}/{n}.jpg")
                for k in range(1, 11)
            },
            "labels/labels_joint_anno.txt": lines(range(5), "{c}/{n}.jpg {c} "),
        },
        {"train": 2, "val": 2, "test": 6},
        id="dtd",
    ),
    pytest.param(
        "Images/cat|dog/#5.jpg",
        {"TrainImages.txt": lines(TRAIN, "{c}/{n}.jpg"), "TestImages.txt": lines(TEST, "{c}/{n}.jpg")},
        HALF,
        id="indoor scenes",
    ),
    pytest.param(
        "cat|dog/#5.jpg",
        {
            "train.csv": table(",Filename,Label,ClassName", "{n},{c}/{n}.jpg,{y},{c}", TRAIN),
            "test.csv": table(",Filename,Label,ClassName", "{n},{c}/{n}.jpg,{y},{c}", TEST),
            "label_map.json": json.dumps({"cat": 0, "dog": 1}),
        },
        HALF,
        id="eurosat",
    ),
    pytest.param(
        "cat|dog/#5.jpg",
        {"metadata.csv": table("file_name,split", "{c}/{n}.jpg,{s}")},
        HALF,
        id="a column of splits",
    ),
    pytest.param(
        "cat|dog/#5.jpg",
        {
            "all.tsv": table("path\tin_train", "{c}/{n}.jpg\t{s}")
            .replace("\ttrain", "\tTrue")
            .replace("\ttest", "\tFalse")
        },
        HALF,
        id="a column of booleans",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {
            "splits.json": json.dumps(
                {s: [f"{c}/{n}.jpg" for c in CAT_DOG for n in r] for s, r in (("train", TRAIN), ("test", TEST))}
            )
        },
        HALF,
        id="splits.json",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {
            "split_zhou_pets.json": json.dumps(
                {
                    s: [[f"{c}/{n}.jpg", CAT_DOG.index(c), c] for c in CAT_DOG for n in r]
                    for s, r in (("train", TRAIN), ("test", TEST))
                }
            )
        },
        HALF,
        id="coop",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {"split.json": json.dumps({f"{c}/{n}.jpg": SPLIT_OF[n] for c in CAT_DOG for n in range(5)})},
        HALF,
        id="path to split",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {
            "train.txt": lines([0, 1], "images/{c}/{n}.jpg {y}"),
            "val.txt": lines([2], "images/{c}/{n}.jpg {y}"),
            "trainval.txt": lines(TRAIN, "images/{c}/{n}.jpg {y}"),
            "test.txt": lines(TEST, "images/{c}/{n}.jpg {y}"),
        },
        {"train": 4, "val": 2, "test": 4},
        id="trainval beside its parts",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {
            "a/train.txt": lines(TRAIN, "/mnt/data/images/{c}/{n}.jpg"),
            "a/val.txt": lines(TEST, "C:\\data\\{c}\\{n}.jpg"),
        },
        HALF,
        id="paths of another machine",
    ),
    pytest.param(
        FLAT,
        {"train.csv": table("id,label", "{c}_{n},{c}", TRAIN), "test.csv": table("id,label", "{c}_{n},{c}", TEST)},
        HALF,
        id="flat, with labels in two files",
    ),
    pytest.param(FLAT, {"labels.csv": table("id,breed", "{c}_{n},{c}")}, {"train": 8, "test": 2}, id="dog breeds"),
    pytest.param(
        FLAT,
        {"all.txt": lines(range(5), "{c}_{n}.jpg {c}"), "labels.txt": lines(range(5), "{c}_{n}.jpg {c}")},
        {"train": 8, "test": 2},
        id="path and label",
    ),
    pytest.param(
        "train/cat_#5.jpg|dog_#5.jpg\ntest/#7.jpg",
        {
            "train.csv": table("image_id,label", "{c}_{n}.jpg,{c}"),
            "sample_submission.csv": "image_id,label\n0.jpg,cat\n1.jpg,cat",
        },
        {"train": 8, "test": 2},
        id="kaggle's train.csv",
    ),
    pytest.param(
        "train|test/cat_#5.jpg|dog_#5.jpg",
        {f"{s}/metadata.csv": table("file_name,label", "{c}_{n}.jpg,{c}") for s in ("train", "test")},
        {"train": 10, "test": 10},
        id="hf metadata in each split",
    ),
    pytest.param(
        "train|test/cat_#5.jpg|dog_#5.jpg",
        {
            f"{s}/metadata.jsonl": "\n".join(
                json.dumps({"file_name": f"{c}_{n}.jpg", "label": c}) for c in CAT_DOG for n in range(5)
            )
            for s in ("train", "test")
        },
        {"train": 10, "test": 10},
        id="hf jsonl in each split",
    ),
    pytest.param(
        "train|test/cat_#5.jpg|dog_#5.jpg",
        {
            "metadata.csv": table("file_name,label", "train/{c}_{n}.jpg,{c}")
            + "\n"
            + table("", "test/{c}_{n}.jpg,{c}").strip()
        },
        {"train": 10, "test": 10},
        id="hf metadata at the top",
    ),
    pytest.param(
        "train|valid/cat_#5.jpg|dog_#5.jpg",
        {
            f"{s}/_classes.csv": table("filename, cat, dog", "{c}_{n}.jpg, {y}, {y}")
            .replace("0, 0", "1, 0")
            .replace("1, 1", "0, 1")
            for s in ("train", "valid")
        },
        {"train": 10, "test": 10},
        id="one-hot",
    ),
    pytest.param(
        "part_1/cat_#2.jpg|dog_#2.jpg\npart_2/cat_2.jpg|cat_3.jpg|cat_4.jpg|dog_2.jpg|dog_3.jpg|dog_4.jpg",
        {"list.csv": table("image,dx,split", "{c}_{n},{c},{s}")},
        HALF,
        id="images in parts",
    ),
    pytest.param(
        "images/cat_#5.jpg|dog_#5.jpg",
        {
            "annotations.json": json.dumps(
                {
                    "images": [
                        {"id": i, "file_name": f"{c}_{n}.jpg"}
                        for i, (c, n) in enumerate((c, n) for c in CAT_DOG for n in range(5))
                    ],
                    "annotations": [{"image_id": i, "category_id": i // 5 + 1} for i in range(10)],
                    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
                }
            )
        },
        {"train": 8, "test": 2},
        id="coco",
    ),
]


def opened(root, **told):
    return open_dataset(folder_entry(root, **told))


def counts(dataset):
    return {split: len(part.ids) for split, part in dataset.manifest.splits.items()}


@pytest.mark.parametrize(("files", "lists", "images"), READ)
def test_lists_whose_meaning_is_sure_are_read(files, lists, images, tmp_path):
    dataset = opened(build(tmp_path / "data", files, lists))
    assert dataset.manifest.classes == {"label": CAT_DOG}
    assert counts(dataset) == images
    for split in dataset.manifest.splits.values():
        assert all(
            CAT_DOG[label] in sample for sample, label in zip(split.ids, split.labels["label"], strict=True)
        )


def test_a_list_that_agrees_with_the_split_folders_changes_nothing(tmp_path):
    files = "train|valid|test/cat|dog/#2.jpg"
    rows = [
        f"{i},{s}/{c}/{n}.jpg,{c},{s}"
        for i, c in enumerate(CAT_DOG)
        for s in ("train", "valid", "test")
        for n in (0, 1)
    ]
    plain = opened(build(tmp_path / "plain" / "birds", files))
    listed = opened(
        build(
            tmp_path / "listed" / "birds",
            files,
            {"birds.csv": "\n".join(["class id,filepaths,labels,data set", *rows])},
        )
    )
    assert listed.manifest.fingerprint == plain.manifest.fingerprint
    assert any("birds.csv" in remark for remark in listed.raw.notes.remarks)


def test_labels_of_a_test_split_are_read_from_its_list_and_named_by_the_training_folders(tmp_path):
    files = "Train/0|1|2/#3.png\nTest/#6.png\nMeta/#3.png"
    lists = {
        "Train.csv": "\n".join(
            ["Width,ClassId,Path", *(f"30,{c},Train/{c}/{n}.png" for c in range(3) for n in range(3))]
        ),
        "Test.csv": "\n".join(["Width,ClassId,Path", *(f"30,{n % 3},Test/{n}.png" for n in range(6))]),
        "Meta.csv": "\n".join(["Path,ClassId", *(f"Meta/{n}.png,{n}" for n in range(3))]),
    }
    dataset = opened(build(tmp_path / "gtsrb", files, lists))
    assert dataset.manifest.classes == {"label": ("0", "1", "2")}
    assert counts(dataset) == {"train": 9, "test": 6}
    assert dataset.manifest.splits["test"].labels["label"] == (0, 1, 2, 0, 1, 2)


def test_numbers_that_stand_for_class_folders_are_translated(tmp_path):
    files = "train/n01|n02/#3.JPEG\nval/#4.JPEG"
    lists = {
        "train.txt": "\n".join(f"n0{c}/{n}.JPEG {2 - c}" for c in (1, 2) for n in range(3)),
        "val.txt": "\n".join(f"{n}.JPEG {n % 2}" for n in range(4)),
    }
    dataset = opened(build(tmp_path / "in", files, lists))
    assert dataset.manifest.classes == {"label": ("n01", "n02")}
    assert dataset.manifest.splits["test"].labels["label"] == (1, 0, 1, 0)


@pytest.mark.parametrize(
    "row", ["{c}{n}\t{y}\timages/{c}_{n}.jpg", "{y} images/{c}_{n}.jpg", "{y} /d/images/{c}_{n}.jpg"]
)
def test_a_label_before_the_path_is_read_and_a_rows_number_is_none(row, tmp_path):
    lists = {"train.lst": lines(TRAIN, row), "val.lst": lines(TEST, row)}
    dataset = opened(build(tmp_path / "data", FLAT, lists))
    assert counts(dataset) == HALF
    assert dataset.manifest.classes == {"label": ("0", "1")}
    for split in dataset.manifest.splits.values():
        for sample, label in zip(split.ids, split.labels["label"], strict=True):
            assert CAT_DOG[label] in sample


@pytest.mark.parametrize("last", ["", "\n".join(f"{c}_4.jpg," for c in CAT_DOG)], ids=["in no row", "empty"])
def test_images_that_a_list_gives_no_label_are_counted(last, tmp_path):
    text = "\n".join([table("file,label", "{c}_{n}.jpg,{c}", range(4)), last])
    dataset = opened(build(tmp_path / "data", FLAT, {"labels.csv": text}))
    assert sum(counts(dataset).values()) == 8
    assert "2 images without a label are left out, as images/cat_4.jpg." in dataset.raw.notes.remarks


def test_a_broken_link_among_images_is_counted(tmp_path):
    root = build(tmp_path / "data", "cat|dog/#5.jpg")
    (root / "cat/5.jpg").symlink_to(root / "gone.jpg")
    assert "1 image whose link is broken is left out." in opened(root).raw.notes.remarks


def test_a_list_that_is_asked_for_must_label_each_of_its_splits(tmp_path):
    files = "train/cat|dog/#3.jpg\nval/a#4.jpg"
    root = build(tmp_path / "in", files, {"val.txt": "a0.jpg\na1.jpg\na2.jpg\na3.jpg"})
    with pytest.raises(DataError) as caught:
        opened(root, lists=("val=val.txt",))
    assert caught.value.what == "No image that is listed as val has a label."


REFUSED = [
    pytest.param(
        "cat|dog/#5.jpg",
        {"train.txt": "0.jpg\n1.jpg\n2.jpg", "test.txt": "3.jpg\n4.jpg"},
        "test.txt, train.txt do not name the images beside them",
        "--list none",
        id="paths that mean several images",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {"train.txt": lines(TRAIN, "{c}/{n}.JPG").upper(), "test.txt": lines(TEST, "{c}/{n}.JPG").upper()},
        "test.txt, train.txt do not name the images beside them",
        "--list none",
        id="paths in other capitals",
    ),
    pytest.param(
        FLAT,
        {"train.csv": table("image,label", "{c}_{n}.jpg,{c}", range(5)) + "\ncat_5.jpg,cat\ndog_5.jpg,dog"},
        "2 images that train.csv lists are not there",
        "--list none",
        id="missing images of a list with labels",
    ),
    pytest.param(
        FLAT,
        {"labels.csv": table("image,cat,dog", "{c}_{n}.jpg,1,1")},
        "only one class",
        "--list FILE",
        id="several labels for an image",
    ),
    pytest.param("a|b|c/1.jpg", {}, "No test split can be cut", "test/CLASS", id="an image a class"),
    pytest.param(
        CLASS_FOLDERS,
        {"meta/train.txt": lines(TRAIN) + "\ncat/99", "meta/test.txt": lines(TEST)},
        "1 images that meta/train.txt lists are not there",
        "--list none",
        id="missing images",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {"meta/train.txt": lines(range(4)), "meta/test.txt": lines(TEST)},
        "is listed in",
        "--list",
        id="in two splits",
    ),
    pytest.param(
        "train|test/cat|dog/#5.jpg",
        {"train.txt": lines(TEST, "test/{c}/{n}.jpg"), "test.txt": lines(TEST, "train/{c}/{n}.jpg")},
        "Folders and lists cut the images into different splits",
        "--list none",
        id="folders and lists differ",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {
            "a/train.txt": lines(TRAIN),
            "a/test.txt": lines(TEST),
            "b/train.txt": lines(TEST),
            "b/test.txt": lines(TRAIN),
        },
        "several sets of lists",
        "--list",
        id="two sets",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {"train_list.mat": "x", "test_list.mat": "x"},
        "known|published|format that is not read",
        "--list",
        id="matlab",
    ),
    pytest.param(
        CLASS_FOLDERS,
        {"meta.csv": table("path,split", "{c}/{n}.jpg,{y}")},
        "numbers the splits",
        "train, val and test",
        id="codes",
    ),
    pytest.param(
        "harbour|street/#4.jpg",
        {
            "m.csv": "\n".join(
                ["path,label", *(f"{p}/{n}.jpg,{n % 2}" for p in ("harbour", "street") for n in range(4))]
            )
        },
        "name different classes",
        "--list m.csv",
        id="other classes",
    ),
    pytest.param(
        "cat|dog/#5.jpg",
        {"validation_list.txt": lines([0]), "testing_list.txt": lines([1])},
        "lists 2 of 10 images as test",
        "--list test=testing_list.txt,val=validation_list.txt",
        id="held-out lists alone",
    ),
    pytest.param(
        "cat|dog/#5.jpg",
        {"train.txt": lines(TRAIN)},
        "lists 6 of 10 images as train",
        "--list none",
        id="train alone",
    ),
    pytest.param(
        "cat|dog/#50.jpg",
        {"train.txt": lines(range(5)), "test.txt": lines(range(5, 9))},
        "lists 18 of 100 images",
        "--list none",
        id="few",
    ),
]


@pytest.mark.parametrize(("files", "lists", "what", "todo"), REFUSED)
def test_lists_that_contradict_or_are_not_whole_are_refused(files, lists, what, todo, tmp_path):
    with pytest.raises(DataError, match=what) as caught:
        opened(build(tmp_path / "data", files, lists))
    assert todo in caught.value.todo


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_lists_are_read_as_programs_of_other_systems_write_them(encoding, ends, tmp_path):
    root = build(tmp_path / "data", "café|thé/#5.jpg")
    rows = [f"{c}/{n}.jpg;{SPLIT_OF[n]}" for c in ("café", "thé") for n in range(5)]
    (root / "list.csv").write_bytes(ends.join(["path;split", *rows]).encode(encoding))
    assert counts(opened(root)) == HALF


def test_accents_are_found_whether_composed_or_not(tmp_path):
    root = build(tmp_path / "data", "cafe\u0301|the\u0301/#5.jpg")
    (root / "list.csv").write_text(
        "\n".join(f"{c}/{n}.jpg,{SPLIT_OF[n]}" for c in ("café", "thé") for n in range(5))
    )
    assert counts(opened(root)) == HALF


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            "id,label\n" + "\n".join(f"{c}_{n}.jpg,{n % 2}" for c in CAT_DOG for n in range(5)) + "\ncat_0.jpg,1",
            "two labels",
        ),
        (
            "id,target\n" + "\n".join(f"{c}_{n}.jpg,{n}.{i}" for i, c in enumerate(CAT_DOG) for n in range(5)),
            "no classes",
        ),
    ],
)
def test_labels_that_are_no_classes_are_refused(content, what, tmp_path):
    root = build(tmp_path / "data", FLAT, {"labels.csv": content})
    with pytest.raises(DataError, match=what):
        opened(root)


def test_lists_that_are_told_decide(tmp_path):
    lists = {
        "a/train.txt": lines(TRAIN),
        "a/test.txt": lines(TEST),
        "b/train.txt": lines(TEST),
        "b/test.txt": lines(TRAIN),
    }
    root = build(tmp_path / "data", CLASS_FOLDERS, lists)
    first = opened(root, lists=("a/train.txt", "a/test.txt"))
    second = opened(root, lists=("train=b/train.txt", "test=b/test.txt"))
    assert counts(first) == HALF
    assert counts(second) == {"train": 4, "test": 6}
    assert first.manifest.fingerprint != second.manifest.fingerprint
    assert first.raw.notes.lists == ("a/train.txt", "a/test.txt")


def test_lists_are_left_out_when_none_is_told(tmp_path):
    root = build(tmp_path / "data", CLASS_FOLDERS, {"train.txt": lines(TRAIN), "test.txt": lines(TEST)})
    plain = opened(build(tmp_path / "plain", CLASS_FOLDERS))
    assert opened(root, lists=("none",)).manifest.fingerprint == plain.manifest.fingerprint


def test_a_list_outside_of_the_folder_is_read_and_read_again_when_it_changes(tmp_path):
    root = build(tmp_path / "data", CLASS_FOLDERS)
    outside = tmp_path / "mine.csv"
    outside.write_text(table("path,split", "{c}/{n}.jpg,{s}"))
    assert counts(opened(root, lists=(str(outside),))) == HALF
    outside.write_text(table("path,split", "{c}/{n}.jpg,{s}").replace("cat/0.jpg,train", "cat/0.jpg,test"))
    assert counts(opened(root, lists=(str(outside),))) == {"train": 5, "test": 5}


def test_a_test_list_alone_leaves_the_rest_to_train(tmp_path):
    root = build(tmp_path / "data", CLASS_FOLDERS, {"holdout.txt": lines(TEST)})
    assert counts(opened(root, lists=("test=holdout.txt",))) == HALF


def test_labels_of_a_told_list_replace_those_of_folders(tmp_path):
    root = build(tmp_path / "data", "part_1|part_2/#4.jpg")
    (root / "m.csv").write_text(
        "\n".join(
            [
                "path,label,split",
                *(f"part_{p}/{n}.jpg,{'ab'[n % 2]},{('train', 'test')[p - 1]}" for p in (1, 2) for n in range(4)),
            ]
        )
    )
    dataset = opened(root, lists=("m.csv",))
    assert dataset.manifest.classes == {"label": ("a", "b")}
    assert counts(dataset) == {"train": 4, "test": 4}


@pytest.mark.parametrize("name", ["nowhere.txt", "notes.md", "train=nowhere.csv"])
def test_a_told_list_that_lists_nothing_or_is_not_there_is_refused(name, tmp_path):
    root = build(tmp_path / "data", CLASS_FOLDERS, {"notes.md": "hello\nworld"})
    with pytest.raises(DataError, match=re.escape(name.removeprefix("train="))):
        opened(root, lists=(name,))


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
def test_a_told_list_that_is_no_file_is_refused_unread(kind, tmp_path):
    place = {"a pipe": tmp_path / "pipe", "a device": Path("/dev/zero"), "a folder": tmp_path}[kind]
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=f"It is {kind}, not a file"):
        opened(build(tmp_path / "data", CLASS_FOLDERS, {}), lists=(f"train={place}",))


@pytest.mark.parametrize(
    "content", ["", "\n\n", "{", "[[[[", '{"a": {"b": 1}}', "\x00\x01", "a,b\n" * 3, '"' * 99]
)
@pytest.mark.parametrize("name", ["train.json", "metadata.csv", "splits.txt", "metadata.jsonl"])
def test_a_file_that_is_no_list_of_images_changes_nothing(name, content, tmp_path):
    root = build(tmp_path / "data", CLASS_FOLDERS, {name: content})
    assert counts(opened(root)) == {"train": 8, "test": 2}
