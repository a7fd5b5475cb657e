"""What each layout means: classes, labels, splits and pixels, reader by reader."""

from __future__ import annotations

import gzip
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from dataset_layouts import BUILDERS, CLASSES, dump, idx_bytes, pack, picture, write_lines
from PIL import Image

from bench.data.datasets import folder_entry, known_header, open_dataset
from bench.data.decoding import decode
from bench.entries import DatasetEntry
from bench.errors import DataError


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


# class folders


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


def test_classes_may_be_named_like_splits_if_not_all_are(tmp_path):
    dataset = folders(tmp_path / "vehicles", "train", "car", "bus", count=5)
    assert dataset.manifest.classes["label"] == ("bus", "car", "train")


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


# decoding


def encoded(image, format_="PNG", **options):
    import io

    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_an_image_of_any_mode_becomes_rgb(mode):
    image = Image.new("RGB", (5, 4), (200, 100, 50)).convert(mode)
    assert decode(encoded(image, "TIFF"), "x").mode == "RGB"


def test_of_a_16_bit_image_the_upper_eight_bits_count():
    image = Image.fromarray(np.array([[0, 256, 65535]], dtype=np.uint16))
    assert np.asarray(decode(encoded(image), "x"))[0].tolist() == [[0] * 3, [1] * 3, [255] * 3]


@pytest.mark.parametrize("share", [0, 0.1, 0.6])
def test_a_corrupt_image_is_named_in_the_error(share, tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    image = layout.folder / "images" / "001.ant" / "ant_0000.jpg"
    image.write_bytes(image.read_bytes()[: int(share * image.stat().st_size)])
    dataset = open_dataset(layout.entry, data_root=tmp_path)
    with pytest.raises(DataError) as caught:
        dataset.images("train").image(0)
    assert str(image) in caught.value.what
    assert caught.value.todo


def test_a_label_list_with_a_class_too_many_is_found(tmp_path):
    layout = BUILDERS["tiny_imagenet"](tmp_path)
    write_lines(layout.folder / "wnids.txt", ["n03", "n01", "n02", "n04"])
    entry = layout.entry.model_copy(update={"num_classes": 4})
    with pytest.raises(DataError, match="n04"):
        open_dataset(entry, data_root=tmp_path)


def test_a_reader_that_does_not_exist_lists_the_valid_ones():
    entry = DatasetEntry(name="x", reader="digit", num_classes=2, locations=(__file__,))
    with pytest.raises(DataError, match="Did you mean digits"):
        open_dataset(entry)
    assert known_header(entry) is None


def test_a_sample_listed_twice_is_named(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    lists = layout.folder / "images.txt"
    lists.write_text(lists.read_text().replace("ant_0001.jpg", "ant_0000.jpg"))
    with pytest.raises(DataError, match=r"twice.\nIt is 001\.ant/ant_0000\.jpg"):
        open_dataset(layout.entry, data_root=tmp_path)


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_empty_split_is_an_error(split, tmp_path):
    layout = BUILDERS["cifar100"](tmp_path)
    empty = {"data": np.zeros((0, 3072), dtype=np.uint8), "fine_labels": [], "coarse_labels": []}
    dump(layout.folder / split, empty)
    with pytest.raises(DataError, match=f"The {split} split .* is empty"):
        open_dataset(layout.entry, data_root=tmp_path)
