"""Leaving out damaged images and duplicates: which go, and that what is left is a dataset of its own."""

from __future__ import annotations

import pytest
from dataset_layouts import BUILDERS
from faulty_folders import copy, damage, folder

from bench.data.checks.findings import findings, refuse_unfit
from bench.data.datasets import (
    folder_entry,
    known_as_seen,
    known_header,
    known_manifest,
    open_as_seen,
    open_dataset,
)
from bench.data.manifest_files import manifest_of
from bench.data.splits import split
from bench.errors import DataError

BOTH = {"damaged": True, "duplicates": True}


def faulty(root):
    """A folder with every fault that can be left out."""
    folder(root)
    damage(root)
    copy(root, "train/cat/0.png", "test/cat/of-train.png")
    copy(root, "train/cat/1.png", "val/cat/of-train.png")
    copy(root, "val/dog/0.png", "test/dog/of-val.png")
    copy(root, "train/dog/2.png", "train/dog/again.png")
    copy(root, "test/fox/0.png", "test/fox/again.png")
    copy(root, "train/fox/0.png", "train/cat/contrary.png", "test/dog/contrary.png")
    return root


def left(root, **flags):
    return open_dataset(folder_entry(root).leaving_out(**flags)).manifest.check.left_out


def test_damaged_images_are_left_out_and_nothing_else(tmp_path):
    root = folder(tmp_path / "pets")
    whole = {name for part in open_dataset(folder_entry(root)).manifest.splits.values() for name in part.ids}
    bad = damage(root)
    entry = folder_entry(root).leaving_out(damaged=True)
    dataset = open_dataset(entry)
    assert {name for part in dataset.manifest.splits.values() for name in part.ids} == whole
    assert set(dataset.manifest.check.left_out.damaged) == bad
    refuse_unfit(dataset.manifest, entry)


def test_leaving_damaged_images_out_is_the_same_as_taking_the_files_away(tmp_path):
    root = folder(tmp_path / "pets")
    whole = open_dataset(folder_entry(root)).manifest.fingerprint
    damage(root)
    assert open_dataset(folder_entry(root).leaving_out(damaged=True)).manifest.fingerprint == whole
    assert open_dataset(folder_entry(root)).manifest.fingerprint != whole


def test_which_duplicates_are_left_out(tmp_path):
    gone = left(faulty(tmp_path / "pets"), duplicates=True)
    assert set(gone.duplicates) == {
        "train/cat/0.png",
        "train/cat/1.png",
        "val/dog/0.png",
        "train/dog/again.png",
    }
    assert set(gone.contradictions) == {"train/fox/0.png", "train/cat/contrary.png", "test/dog/contrary.png"}
    assert gone.damaged == ()


def test_images_keep_their_pixels_and_labels(tmp_path):
    root = faulty(tmp_path / "pets")
    dataset = open_dataset(folder_entry(root).leaving_out(**BOTH))
    names = dataset.manifest.class_names("label")
    for official, part in dataset.manifest.splits.items():
        source = dataset.images(official)
        assert len(source) == len(part.ids) == len(part.labels["label"]) == len(part.digests)
        for at, name in enumerate(part.ids):
            assert source.content(at) == (root / name).read_bytes()
            assert source.image(at).size == (40, 32)
            assert names[part.labels["label"][at]] == name.split("/")[1]


@pytest.mark.parametrize("flags", [{"damaged": True}, {"duplicates": True}, BOTH])
def test_flags_change_nothing_in_a_whole_dataset(flags, tmp_path):
    root = folder(tmp_path / "pets")
    plain, flagged = open_dataset(folder_entry(root)), open_dataset(folder_entry(root).leaving_out(**flags))
    assert flagged.manifest == plain.manifest
    assert known_header(folder_entry(root).leaving_out(**flags)) == known_header(folder_entry(root))


def test_the_same_flags_make_the_same_fingerprint_and_others_another(tmp_path):
    fingerprints = set()
    for flags in ({}, {"damaged": True}, {"duplicates": True}, BOTH):
        entry = folder_entry(faulty(tmp_path / "pets") if not fingerprints else tmp_path / "pets")
        made = open_dataset(entry.leaving_out(**flags)).manifest.fingerprint
        assert open_dataset(entry.leaving_out(**flags)).manifest.fingerprint == made
        assert manifest_of(made).fingerprint == made
        fingerprints.add(made)
    assert len(fingerprints) == 4


def test_planning_knows_what_is_left_without_opening_images(tmp_path):
    root = faulty(tmp_path / "pets")
    entry = folder_entry(root)
    open_dataset(entry)
    header = known_header(entry.leaving_out(**BOTH))
    assert header.counts == {"train": 18 - 2 - 1, "val": 9 + 1 - 1, "test": 9 + 3}
    assert known_manifest(entry.leaving_out(**BOTH)).fingerprint == header.fingerprint
    assert open_dataset(entry.leaving_out(**BOTH)).manifest.fingerprint == header.fingerprint


def test_a_run_s_dataset_is_opened_as_the_run_saw_it(tmp_path):
    entry = folder_entry(faulty(tmp_path / "pets"))
    for flags in ({}, {"damaged": True}, {"duplicates": True}, BOTH):
        seen = open_dataset(entry.leaving_out(**flags)).manifest
        assert open_as_seen(entry, seen.fingerprint).manifest == seen
        assert known_as_seen(entry, seen.fingerprint) == seen
    assert open_as_seen(entry, "0" * 64).manifest == open_dataset(entry).manifest


def test_the_validation_cut_takes_from_what_is_left(tmp_path):
    root = folder(tmp_path / "pets", {"train": 20, "test": 3})
    copy(root, "train/cat/0.png", *(f"train/cat/again{i}.png" for i in range(10)))
    dataset = open_dataset(folder_entry(root).leaving_out(duplicates=True))
    parts = split(dataset.manifest, "label", 0.2, 0)
    assert len(parts.train) + len(parts.val) == 60
    digests = dataset.manifest.splits["train"].digests
    assert not {digests[i] for i in parts.train.indices} & {digests[i] for i in parts.val.indices}


def test_a_class_of_which_nothing_is_left_to_train_is_an_error(tmp_path):
    root = folder(tmp_path / "pets", {"train": 3, "test": 1})
    for number in range(3):
        copy(root, f"train/dog/{number}.png", f"test/dog/copy{number}.png")
    entry = folder_entry(root).leaving_out(duplicates=True)
    manifest = open_dataset(entry).manifest
    with pytest.raises(DataError, match="no training image left: dog"):
        refuse_unfit(manifest, entry)


def test_a_split_of_which_nothing_is_left_is_an_error(tmp_path):
    root = folder(tmp_path / "pets", {"train": 3, "test": 1})
    for path in (root / "test").rglob("*.png"):
        path.write_bytes(b"")
    entry = folder_entry(root).leaving_out(damaged=True)
    with pytest.raises(DataError, match="No image of test is left"):
        refuse_unfit(open_dataset(entry).manifest, entry)


@pytest.mark.parametrize("reader", sorted(BUILDERS))
def test_flags_work_with_every_reader(reader, tmp_path):
    layout = BUILDERS[reader](tmp_path)
    entry = layout.entry.leaving_out(**BOTH)
    dataset = open_dataset(entry, data_root=tmp_path)
    assert not any(one.key == "damaged" for one in findings(dataset.manifest, entry))
    for official, part in dataset.manifest.splits.items():
        assert len(dataset.images(official)) == len(part.ids)


def test_a_repaired_image_comes_back(tmp_path):
    root = folder(tmp_path / "pets")
    good = (root / "train/cat/0.png").read_bytes()
    whole = open_dataset(folder_entry(root)).manifest.fingerprint
    (root / "train/cat/0.png").write_bytes(good[:50])
    assert left(root, damaged=True).damaged == ("train/cat/0.png",)
    (root / "train/cat/0.png").write_bytes(good)
    assert open_dataset(folder_entry(root).leaving_out(damaged=True)).manifest.fingerprint == whole
