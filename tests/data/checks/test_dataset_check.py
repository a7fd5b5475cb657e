"""What is found wrong with a dataset by looking at all of it, before anything trains on it."""

from __future__ import annotations

import json
import shutil
import threading

import numpy as np
import pytest
from dataset_layouts import BUILDERS
from faulty_folders import copy, damage, encoded, folder, noise
from PIL import Image

from bench.data.checks.check_record import check_record
from bench.data.checks.findings import findings, refuse_unfit
from bench.data.datasets import folder_entry, known_header, known_manifest, open_dataset
from bench.data.images.in_threads import in_threads
from bench.data.manifest import Manifest
from bench.data.manifest_files import manifest_of
from bench.errors import DataError


def found(root, **flags):
    entry = folder_entry(root).leaving_out(**flags)
    return {one.key: one for one in findings(open_dataset(entry).manifest, entry)}


def test_nothing_is_found_in_a_whole_dataset(tmp_path):
    root = folder(tmp_path / "pets")
    assert found(root) == {}
    refuse_unfit(open_dataset(folder_entry(root)).manifest, folder_entry(root))


def test_all_damaged_images_are_listed_at_once(tmp_path):
    root = folder(tmp_path / "pets")
    bad = damage(root)
    entry = folder_entry(root)
    manifest = open_dataset(entry).manifest
    assert set(manifest.check.damaged) == bad
    with pytest.raises(DataError, match=r"8 images cannot be decoded: .*\(8 in all\)[\s\S]*--skip-damaged"):
        refuse_unfit(manifest, entry)


def test_what_the_check_calls_whole_can_be_decoded_and_what_it_calls_damaged_cannot(tmp_path):
    root = folder(tmp_path / "pets")
    bad = damage(root)
    dataset = open_dataset(folder_entry(root))
    for split, part in dataset.manifest.splits.items():
        for at, name in enumerate(part.ids):
            if name in bad:
                with pytest.raises(DataError):
                    dataset.images(split).image(at)
            else:
                assert dataset.images(split).image(at).size == (40, 32)


def test_damaged_files_are_no_copies_of_each_other(tmp_path):
    root = folder(tmp_path / "pets")
    for name in ("train/cat/a.jpg", "train/dog/b.jpg", "test/fox/c.jpg"):
        (root / name).write_bytes(b"")
    assert set(found(root)) == {"damaged"}


def test_a_gif_whose_second_frame_is_broken_is_whole(tmp_path):
    root = folder(tmp_path / "pets")
    both = encoded(noise(1), "GIF", save_all=True, append_images=[noise(2)])
    (root / "train/cat/moves.gif").write_bytes(both[: len(both) - len(encoded(noise(2), "GIF")) // 3])
    assert found(root) == {}
    assert open_dataset(folder_entry(root)).images("train").image(6).size == (40, 32)


def test_images_in_two_splits_are_warned_of_by_name(tmp_path):
    root = folder(tmp_path / "pets")
    copy(root, "train/cat/0.png", "test/cat/other.png", "test/cat/third.png")
    copy(root, "train/dog/1.png", "val/dog/other.png")
    warned = found(root)
    assert {key: one.level for key, one in warned.items()} == {
        "train_and_test": "warning",
        "train_and_val": "warning",
    }
    assert warned["train_and_test"].names == ("test/cat/other.png = train/cat/0.png",)
    assert warned["train_and_val"].names == ("val/dog/other.png = train/dog/1.png",)


def test_a_copy_within_train_is_warned_of_if_val_is_cut_from_train(tmp_path):
    root = folder(tmp_path / "pets", {"train": 20, "test": 3})
    copy(root, "train/cat/0.png", "train/cat/again.png")
    assert found(root)["repeated_in_train"].level == "warning"
    whole = folder(tmp_path / "with-val")
    copy(whole, "train/cat/0.png", "train/cat/again.png")
    assert found(whole)["repeated_in_train"].level == "note"


def test_one_image_with_several_labels_is_an_error_that_names_its_copies(tmp_path):
    root = folder(tmp_path / "pets")
    copy(root, "train/cat/0.png", "train/dog/same.png", "train/fox/same.png")
    copy(root, "train/cat/1.png", "test/dog/other.png")
    entry = folder_entry(root)
    with pytest.raises(DataError, match="2 images have two labels") as caught:
        refuse_unfit(open_dataset(entry).manifest, entry)
    assert "train/cat/0.png = train/dog/same.png = train/fox/same.png" in str(caught.value)
    assert "train/cat/1.png = test/dog/other.png" in str(caught.value)
    assert "--drop-duplicates" in caught.value.todo


def test_all_errors_come_in_one(tmp_path):
    root = folder(tmp_path / "pets")
    damage(root)
    copy(root, "train/cat/0.png", "train/dog/same.png")
    shutil.rmtree(root / "val/fox")
    entry = folder_entry(root)
    with pytest.raises(DataError) as caught:
        refuse_unfit(open_dataset(entry).manifest, entry)
    for said in ("cannot be decoded", "two labels", "no image in val", "--skip-damaged", "--drop-duplicates"):
        assert said in str(caught.value)


def test_a_val_split_that_lacks_a_class_is_an_error_and_a_test_split_a_warning(tmp_path):
    root = folder(tmp_path / "pets")
    shutil.rmtree(root / "val/dog")
    shutil.rmtree(root / "test/fox")
    lacking = found(root)
    assert (lacking["classes_without_val"].level, lacking["classes_without_val"].names) == ("error", ("dog",))
    assert (lacking["classes_without_test"].level, lacking["classes_without_test"].names) == ("warning", ("fox",))


def test_an_image_with_many_copies_does_not_fill_the_message(tmp_path):
    root = folder(tmp_path / "pets")
    copy(root, "train/cat/0.png", *(f"train/dog/{n}.png" for n in range(100, 200)))
    entry = folder_entry(root)
    manifest = open_dataset(entry).manifest
    with pytest.raises(DataError, match=r"train/dog/102.png = \.\.\. \(101 images\)\."):
        refuse_unfit(manifest, entry)
    (copies,) = check_record(manifest, entry)["copies"]
    assert (len(copies["ids"]), copies["two_labels"]) == (101, True)


def test_what_the_reader_left_out_is_told(tmp_path):
    root = folder(tmp_path / "pets")
    (root / "train/cat/raw.dng").write_bytes(b"x")
    (root / "train/cat/@eaDir").mkdir()
    noise(1).save(root / "train/cat/@eaDir/thumb.jpg")
    (root / "train/none").mkdir()
    told = found(root)
    assert {key: one.level for key, one in told.items()} == {
        "skipped": "warning",
        "empty_classes": "warning",
        "system_folders": "note",
    }
    assert told["skipped"].text().endswith("train/cat (1 .dng).")
    assert "none" in told["empty_classes"].names[0]


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_class_that_only_val_or_test_has_is_refused(split, tmp_path):
    root = folder(tmp_path / "pets")
    (root / split / "wolf").mkdir()
    noise(5000).save(root / split / "wolf/0.png")
    with pytest.raises(DataError, match="wolf"):
        open_dataset(folder_entry(root))


def test_classes_too_small_for_the_validation_cut_are_warned_of(tmp_path):
    root = folder(tmp_path / "pets", {"train": 30, "test": 3}, ("cat", "dog"))
    folder(root, {"train": 2, "test": 2}, ("rare",), seed=9000)
    lacking = found(root)["classes_without_val"]
    assert (lacking.level, lacking.names) == ("warning", ("rare",))


def test_a_published_dataset_is_never_made_unusable_by_its_labels(tmp_path):
    layout = BUILDERS["class_folders"](tmp_path)
    copy(layout.folder, "train/ant/0.png", "train/bee/same.png", "test/cat/same.png")
    own = open_dataset(layout.entry.model_copy(update={"counts": {}}), data_root=tmp_path)
    with pytest.raises(DataError, match="two labels"):
        refuse_unfit(own.manifest, own.entry)
    published = own.entry.model_copy(update={"homepage": "https://example.org"})
    refuse_unfit(own.manifest, published)
    assert {one.key: one.level for one in findings(own.manifest, published)}["contradictions"] == "warning"


@pytest.mark.parametrize("reader", sorted(BUILDERS))
def test_every_reader_is_checked(reader, tmp_path):
    layout = BUILDERS[reader](tmp_path)
    dataset = open_dataset(layout.entry, data_root=tmp_path)
    assert dataset.manifest.check.is_current
    assert dataset.manifest.check.damaged == {}
    files = sum(len(source) for split in dataset.raw.splits if (source := dataset.images(split)).encoded)
    assert dataset.manifest.check.pixels.images == files


def test_equal_rows_of_an_array_are_found_without_decoding(tmp_path):
    layout = BUILDERS["cifar10"](tmp_path)
    dataset = open_dataset(layout.entry, data_root=tmp_path)
    part = dataset.raw.splits["train"].source
    part.array[1] = part.array[0]
    part.array[2] = part.array[0]
    from bench.data.survey import survey

    keys = {one.key for one in findings(survey(dataset.raw, layout.entry), layout.entry)}
    assert "contradictions" in keys


def test_turned_and_transparent_images_are_counted_for_planning(tmp_path):
    root = folder(tmp_path / "pets")
    exif = Image.Exif()
    exif[0x112] = 6
    noise(1).save(root / "train/cat/turned.jpg", exif=exif)
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(root / "test/cat/clear.png")
    entry = folder_entry(root)
    open_dataset(entry)
    pixels = known_header(entry).pixels
    assert (pixels.images, pixels.turned, pixels.transparent) == (38, 1, 1)
    assert {"turned", "transparent"} <= set(found(root))


def test_the_check_is_kept_and_is_no_part_of_the_fingerprint(tmp_path):
    root = folder(tmp_path / "pets")
    damage(root)
    entry = folder_entry(root)
    made = open_dataset(entry).manifest
    assert known_manifest(entry).check == made.check
    assert Manifest(**{**made.model_dump(), "check": None}).fingerprint == made.fingerprint


def test_a_manifest_from_before_checks_keeps_its_fingerprint_and_is_checked_when_asked(tmp_path, home):
    root = folder(tmp_path / "pets")
    damage(root)
    entry = folder_entry(root)
    fingerprint = open_dataset(entry).manifest.fingerprint
    for path in (home / "manifests").glob("*.json"):
        data = json.loads(path.read_text())
        data.pop("check", None)
        data.pop("pixels", None)
        data.pop("checked", None)
        path.write_text(json.dumps(data))
    assert known_header(entry) is None  # how its images are read is not known
    old = open_dataset(entry).manifest
    assert (old.check, old.fingerprint) == (None, fingerprint)
    new = open_dataset(entry, checked=True).manifest
    assert (len(new.check.damaged), new.fingerprint) == (8, fingerprint)
    assert (known_manifest(entry), known_header(entry).fingerprint) == (new, fingerprint)


def test_what_was_left_out_of_an_unchecked_dataset_is_not_called_checked(tmp_path, home):
    root = folder(tmp_path / "pets")
    copy(root, "train/cat/0.png", "train/cat/again.png")
    entry = folder_entry(root)
    open_dataset(entry)
    for path in (home / "manifests").glob("*.json"):
        data = json.loads(path.read_text())
        for key in ("check", "pixels", "checked"):
            data.pop(key, None)
        path.write_text(json.dumps(data))
    flagged = entry.leaving_out(duplicates=True)
    assert open_dataset(flagged).manifest.check is None
    assert known_header(flagged) is None
    assert open_dataset(flagged, checked=True).manifest.check.left_out.duplicates == ("train/cat/again.png",)
    assert known_header(flagged).pixels.images == 37  # of all files, left out or not


def test_the_record_has_everything_as_plain_data(tmp_path):
    root = folder(tmp_path / "pets", {"train": 6, "val": 3, "test": 3}, ("cat", "dog"))
    folder(root, {"train": 12, "test": 1, "val": 1}, ("owl",), seed=700)
    bad = damage(folder(tmp_path / "bad"))
    entry = folder_entry(root)
    record = json.loads(json.dumps(check_record(open_dataset(entry).manifest, entry)))
    splits = record["targets"]["label"]["splits"]
    assert record["targets"]["label"]["train_majority"] == "owl"
    assert splits["train"]["counts"] == {"cat": 6, "dog": 6, "owl": 12}
    assert (splits["train"]["majority_share"], splits["train"]["naming_train_majority_top1"]) == (0.5, 0.5)
    assert splits["test"]["naming_train_majority_top1"] == pytest.approx(1 / 7, abs=1e-6)
    assert splits["test"]["majority_share"] == pytest.approx(3 / 7, abs=1e-6)
    entry = folder_entry(tmp_path / "bad")
    record = json.loads(json.dumps(check_record(open_dataset(entry).manifest, entry)))
    assert not record["trainable"]
    assert {name for part in record["images"].values() for name in part["damaged"]} == bad


def test_names_with_control_characters_are_escaped(tmp_path):
    root = folder(tmp_path / "pets")
    evil = "train/cat/\x1b[31mred\u202e\n.png"
    (root / evil).write_bytes(b"")
    entry = folder_entry(root)
    with pytest.raises(DataError) as caught:
        refuse_unfit(open_dataset(entry).manifest, entry)
    assert r"\u001b[31mred\u202e\n.png" in caught.value.why
    assert not {"\x1b", "\u202e"} & set(str(caught.value))


def test_ten_thousand_tiny_images_are_checked(tmp_path):
    root = tmp_path / "many"
    for label in range(10):
        (root / str(label)).mkdir(parents=True)
        for number in range(1000):
            pixel = Image.fromarray(np.array([[[label, number // 256, number % 256]]], dtype=np.uint8))
            (root / str(label) / f"{number}.bmp").write_bytes(encoded(pixel, "BMP"))
    assert found(root) == {}
    assert manifest_of(known_header(folder_entry(root)).fingerprint).check.pixels.images == 10_000


def test_an_interruption_waits_for_few_images_only():
    begun, hold = [], threading.Event()

    def work(item):
        begun.append(item)
        if item:
            hold.wait(0.01)
        return item

    results = in_threads(work, range(100_000))
    assert next(results) == 0
    results.close()
    assert len(begun) < 100
