"""What each layout means: classes, labels, splits and pixels, reader by reader."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
from dataset_layouts import BUILDERS, CLASSES, idx_bytes
from PIL import Image

from bench.data.datasets import open_dataset
from bench.errors import DataError
from bench.registry.entries import DatasetEntry


def opened(builder, tmp_path):
    layout = BUILDERS[builder](tmp_path)
    return layout, open_dataset(layout.entry, data_root=tmp_path)


def labels_by_id(dataset, split, target="label"):
    part = dataset.manifest.splits[split]
    names = dataset.manifest.classes[target]
    return {sample: names[label] for sample, label in zip(part.ids, part.labels[target], strict=True)}


# digits


def test_digits_has_the_same_split_and_pixels_on_every_machine():
    dataset = open_dataset(DatasetEntry(name="digits", reader="digits", num_classes=10))
    assert dataset.manifest.fingerprint == "1844fbb2d652a8a4ddd9a5826680dc17d082494cdfb2ecff4d433ae3a94678ea"
    assert dataset.manifest.splits["train"].ids[0].startswith("digits/0")
    counts = np.bincount(dataset.manifest.splits["test"].labels["label"])
    assert counts.min() >= 34
    assert counts.max() <= 38


def test_digits_scale_brightness_0_to_16_to_0_to_255():
    dataset = open_dataset(DatasetEntry(name="digits", reader="digits", num_classes=10))
    pixels = np.stack([np.asarray(dataset.images("train").image(index)) for index in range(100)])
    assert pixels.shape == (100, 8, 8, 3)
    assert set(np.unique(pixels)) == set(np.rint(np.arange(17) * 255 / 16).astype(int))


# cub


def test_cub_takes_classes_labels_and_splits_from_its_lists(tmp_path):
    layout, dataset = opened("cub", tmp_path)
    assert dataset.manifest.classes["label"] == ("001.ant", "002.bee", "003.cat")
    for split in ("train", "test"):
        assert all(sample.startswith(name) for sample, name in labels_by_id(dataset, split).items())
    first = dataset.manifest.splits["test"].ids[0]
    expected = Image.open(layout.folder / "images" / first).convert("RGB")
    assert dataset.images("test").image(0).tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", ["classes.txt", "image_class_labels.txt", "train_test_split.txt"])
def test_a_missing_list_is_an_error_that_names_it(name, tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    (layout.folder / name).unlink()
    with pytest.raises(DataError, match=name):
        open_dataset(layout.entry, data_root=tmp_path)


@pytest.mark.parametrize("text", ["1 2 3\n", "1\n", "one two\n", ""])
def test_a_list_in_another_form_is_an_error_not_a_traceback(text, tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    (layout.folder / "image_class_labels.txt").write_text(text)
    with pytest.raises(DataError, match="cannot be read"):
        open_dataset(layout.entry, data_root=tmp_path)


@pytest.mark.parametrize(
    ("builder", "image"),
    [
        ("cub", "images/002.bee/bee_0003.jpg"),
        ("tiny_imagenet", "val/images/val_4.JPEG"),
        ("flowers102", "jpg/image_00007.jpg"),
        ("oxford_pets", "images/english_setter_2.jpg"),
    ],
)
def test_an_image_that_is_listed_but_missing_is_named_before_any_training(builder, image, tmp_path):
    layout = BUILDERS[builder](tmp_path)
    (layout.folder / image).unlink()
    with pytest.raises(DataError) as caught:
        open_dataset(layout.entry, data_root=tmp_path)
    assert image in caught.value.why
    assert "1 file(s)" in caught.value.why


# cifar


def test_cifar_rows_are_planes_of_red_green_and_blue(tmp_path):
    layout, dataset = opened("cifar10", tmp_path)
    row = pickle.loads((layout.folder / "data_batch_2").read_bytes())["data"][1]  # noqa: S301 - our own file
    pixels = np.asarray(dataset.images("train").image(7))
    for channel in range(3):
        np.testing.assert_array_equal(pixels[:, :, channel].ravel(), row[channel * 1024 : (channel + 1) * 1024])


def test_cifar100_has_fine_and_coarse_labels_and_fine_is_the_default(tmp_path):
    _, dataset = opened("cifar100", tmp_path)
    assert dataset.manifest.default_target == "fine"
    fine, coarse = (labels_by_id(dataset, "train", target) for target in ("fine", "coarse"))
    assert {(fine[sample], coarse[sample]) for sample in fine} == {
        ("ant", "insect"),
        ("bee", "mammal"),
        ("cat", "mammal"),
    }


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_something_is_refused_and_nothing_runs(protocol, tmp_path):
    layout = BUILDERS["cifar10"](tmp_path)
    trap = pickle.dumps({"label_names": Trap(tmp_path / "ran")}, protocol=protocol)
    (layout.folder / "batches.meta").write_bytes(trap)
    with pytest.raises(DataError, match="it asks for"):
        open_dataset(layout.entry, data_root=tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps([1, 2])])
def test_a_damaged_pickle_is_an_error_that_names_it(content, tmp_path):
    layout = BUILDERS["cifar10"](tmp_path)
    (layout.folder / "data_batch_3").write_bytes(content)
    with pytest.raises(DataError, match="data_batch_3"):
        open_dataset(layout.entry, data_root=tmp_path)


def test_a_missing_batch_is_named(tmp_path):
    layout = BUILDERS["cifar10"](tmp_path)
    (layout.folder / "data_batch_3").unlink()
    with pytest.raises(DataError, match="data_batch_3"):
        open_dataset(layout.entry, data_root=tmp_path)


def test_batches_of_python_2_are_read(tmp_path):
    """The published files are from Python 2, whose text is bytes: opcodes that Python 3 does not write."""
    layout = BUILDERS["cifar100"](tmp_path)
    fine = b"U\x10fine_label_names](U\x03antU\x03beeU\x03cate"
    coarse = b"U\x12coarse_label_names](U\x06insectU\x06mammale"
    (layout.folder / "meta").write_bytes(b"\x80\x02}(" + fine + coarse + b"u.")
    assert open_dataset(layout.entry, data_root=tmp_path).manifest.classes["fine"] == CLASSES


# idx


def test_idx_files_are_the_same_dataset_zipped_and_plain(tmp_path):
    layout, zipped = opened("idx", tmp_path)
    for path in layout.folder.glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    plain = open_dataset(layout.entry, data_root=tmp_path)
    assert plain.manifest.fingerprint == zipped.manifest.fingerprint
    assert plain.images("train").image(0).size == (28, 28)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x08\x01\x00\x00\x00\x09",
        idx_bytes(np.zeros((9, 2), dtype=np.uint8)),
        idx_bytes(np.zeros(8, dtype=np.uint8)),
    ],
    ids=["empty", "cut off", "of two dimensions", "too short"],
)
def test_damaged_idx_labels_are_an_error(content, tmp_path):
    layout = BUILDERS["idx"](tmp_path)
    path = layout.folder / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(DataError):
        open_dataset(layout.entry, data_root=tmp_path)
    path.write_bytes(b"no gzip")
    with pytest.raises(DataError, match="t10k-labels"):
        open_dataset(layout.entry, data_root=tmp_path)


# tiny-imagenet, flowers102, oxford-pets


def test_tiny_imagenet_orders_classes_by_wnids_and_tests_on_its_val(tmp_path):
    _, dataset = opened("tiny_imagenet", tmp_path)
    assert dataset.manifest.classes["label"] == ("n03 Egyptian cat", "n01 ant", "n02 bee")
    assert all(f"/{name.split()[0]}/" in sample for sample, name in labels_by_id(dataset, "train").items())
    assert labels_by_id(dataset, "test")["val/images/val_1.JPEG"] == "n01 ant"


def test_flowers_take_train_from_trnid_val_from_valid_and_test_from_tstid(tmp_path):
    _, dataset = opened("flowers102", tmp_path)
    ids = {split: part.ids for split, part in dataset.manifest.splits.items()}
    assert ids["train"][0] == "jpg/image_00010.jpg"
    assert ids["val"][0] == "jpg/image_00028.jpg"
    assert ids["test"][0] == "jpg/image_00001.jpg"
    labels = labels_by_id(dataset, "test")
    assert [labels[f"jpg/image_0000{number}.jpg"] for number in (1, 2, 3)] == list(CLASSES)


def test_pets_are_named_by_their_images(tmp_path):
    _, dataset = opened("oxford_pets", tmp_path)
    assert dataset.manifest.classes["label"] == ("Abyssinian", "english_setter", "pug")
    assert labels_by_id(dataset, "test")["images/pug_7.jpg"] == "pug"


# stl10


def test_stl10_planes_are_stored_by_column(tmp_path):
    layout = BUILDERS["stl10"](tmp_path)
    pixels = np.zeros((18, 3, 96, 96), dtype=np.uint8)
    pixels[0, 1, 5, 7] = 200  # green, column 5, row 7
    (layout.folder / "train_X.bin").write_bytes(pixels.tobytes())
    dataset = open_dataset(layout.entry, data_root=tmp_path)
    assert dataset.images("train").image(0).getpixel((5, 7)) == (0, 200, 0)
    assert dataset.manifest.splits["train"].labels["label"][:4] == (0, 1, 2, 0)


@pytest.mark.parametrize(
    "damage", [{"train_X.bin": b"x" * 100}, {"class_names.txt": b""}, {"test_y.bin": b"\x01"}]
)
def test_damaged_stl10_files_are_an_error(damage, tmp_path):
    layout = BUILDERS["stl10"](tmp_path)
    for name, content in damage.items():
        (layout.folder / name).write_bytes(content)
    with pytest.raises(DataError):
        open_dataset(layout.entry, data_root=tmp_path)
