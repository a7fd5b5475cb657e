"""Claims that hold for every reader; a new one inherits them by a builder in dataset_layouts."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from dataset_layouts import BUILDERS, pack, replace

from bench.data.datasets import known_header, known_manifest, open_dataset
from bench.data.readers import READERS
from bench.data.splits import split
from bench.errors import DataError

ON_DISK = sorted(BUILDERS.keys() - {"digits"})


@pytest.fixture(params=sorted(BUILDERS))
def layout(request, tmp_path):
    return BUILDERS[request.param](tmp_path)


@pytest.fixture(params=ON_DISK)
def on_disk(request, tmp_path):
    return BUILDERS[request.param](tmp_path)


def test_every_reader_has_a_builder(tmp_path):
    assert {build(tmp_path / name).entry.reader for name, build in BUILDERS.items()} == set(READERS)


def test_ids_labels_and_images_are_as_many_as_the_entry_says(layout, tmp_path):
    dataset = open_dataset(layout.entry, data_root=tmp_path)
    assert {name: len(part.ids) for name, part in dataset.manifest.splits.items()} == layout.entry.counts
    for name, part in dataset.manifest.splits.items():
        assert len(dataset.images(name)) == len(part.digests) == len(part.ids)
        for target, names in dataset.manifest.classes.items():
            assert set(part.labels[target]) == set(range(len(names)))


def test_no_sample_is_in_two_splits(layout, tmp_path):
    manifest = open_dataset(layout.entry, data_root=tmp_path).manifest
    ids = [sample for part in manifest.splits.values() for sample in part.ids]
    assert len(ids) == len(set(ids))


def test_every_image_is_rgb_and_its_content_is_what_the_manifest_says(layout, tmp_path):
    import hashlib

    dataset = open_dataset(layout.entry, data_root=tmp_path)
    source = dataset.images("test")
    for index in range(len(source)):
        assert source.image(index).mode == "RGB"
        digest = hashlib.sha256(source.content(index)).hexdigest()
        assert digest == dataset.manifest.splits["test"].digests[index]


def test_a_dataset_opened_again_has_the_manifest_made_first(layout, tmp_path):
    assert known_manifest(layout.entry, tmp_path) is None
    made = open_dataset(layout.entry, data_root=tmp_path).manifest
    known = known_manifest(layout.entry, tmp_path)
    assert known == made
    assert known.fingerprint == made.fingerprint
    header = known_header(layout.entry, tmp_path)
    assert header.fingerprint == made.fingerprint
    assert header.counts == layout.entry.counts
    assert header.classes == {target: len(names) for target, names in made.classes.items()}


def test_pickled_sources_and_threads_give_the_same_images(layout, tmp_path):
    source = open_dataset(layout.entry, data_root=tmp_path).images("test")
    expected = [source.image(index).tobytes() for index in range(len(source))]
    copy = pickle.loads(pickle.dumps(source))  # noqa: S301 - our own bytes
    with ThreadPoolExecutor(4) as pool:
        assert [image.tobytes() for image in pool.map(copy.image, range(len(copy)))] == expected


def test_a_split_of_it_leaves_every_class_in_train(layout, tmp_path):
    manifest = open_dataset(layout.entry, data_root=tmp_path).manifest
    for target, names in manifest.classes.items():
        parts = split(manifest, target, 0.2, 0)
        assert set(parts.train.labels.tolist()) == set(range(len(names)))
        assert len(parts.val) > 0


@pytest.mark.parametrize("suffix", [".tar", ".tgz", ".zip"])
def test_packed_and_unpacked_data_have_the_same_fingerprint(on_disk, suffix, tmp_path):
    unpacked = open_dataset(on_disk.entry, data_root=tmp_path)
    archive = pack(on_disk.folder, tmp_path / "packed" / f"data{suffix}")
    packed_entry = on_disk.entry.model_copy(update={"locations": (archive.name,)})
    packed = open_dataset(packed_entry, data_root=archive.parent)
    assert packed.manifest == unpacked.manifest
    assert packed.images("train").image(0).tobytes() == unpacked.images("train").image(0).tobytes()


def test_a_plain_tar_is_read_in_place_and_others_are_unpacked_once(on_disk, tmp_path, home):
    for suffix, unpacked in ((".tar", 0), (".tgz", 1)):
        archive = pack(on_disk.folder, tmp_path / "packed" / f"data{suffix}")
        entry = on_disk.entry.model_copy(update={"locations": (archive.name,)})
        for _ in range(2):
            open_dataset(entry, data_root=archive.parent)
            assert len(list((home / "data").glob("*"))) == unpacked


@pytest.mark.parametrize("name", ON_DISK)
def test_changed_data_is_a_new_dataset(name, tmp_path):
    layout = BUILDERS[name](tmp_path)
    before = open_dataset(layout.entry, data_root=tmp_path).manifest
    replace(layout, BUILDERS[name], tmp_path, seed=1)
    assert known_manifest(layout.entry, tmp_path) is None
    assert known_header(layout.entry, tmp_path) is None
    assert open_dataset(layout.entry, data_root=tmp_path).manifest.fingerprint != before.fingerprint


def test_images_or_classes_that_are_not_as_many_as_declared_are_an_error(layout, tmp_path):
    fewer = layout.entry.model_copy(update={"counts": {**layout.entry.counts, "test": 4}})
    with pytest.raises(DataError, match="does not have the images that its entry says"):
        open_dataset(fewer, data_root=tmp_path)
    target = next(iter(layout.entry.targets), "label")
    other = layout.entry.model_copy(update={"num_classes": 7, "targets": {target: 7}, "class_names": ()})
    with pytest.raises(DataError):
        open_dataset(other, data_root=tmp_path)


def test_an_empty_folder_or_archive_is_an_error_that_says_what_is_missing(on_disk, tmp_path):
    empty = tmp_path / "elsewhere" / "data"
    empty.mkdir(parents=True)
    (empty / "notes.txt").write_text("nothing here")
    for place in (empty, pack(empty, tmp_path / "elsewhere" / "data.tar")):
        entry = on_disk.entry.model_copy(update={"locations": (str(place),)})
        with pytest.raises(DataError) as caught:
            open_dataset(entry, data_root=tmp_path)
        assert str(place) in str(caught.value)
        assert caught.value.todo
