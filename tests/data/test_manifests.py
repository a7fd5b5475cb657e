from __future__ import annotations

import json
import os

import pytest
from dataset_layouts import BUILDERS, replace

from bench.data.datasets import known_header, known_manifest, open_dataset
from bench.data.manifest import Manifest, SplitManifest
from bench.data.manifest_files import load_header, load_manifest, save_manifest
from bench.data.sources.locating import locate
from bench.errors import DataError
from bench.registry.entries import DatasetEntry

ENTRY = DatasetEntry(name="big", reader="cub", num_classes=2)


def manifest(count=6, **changes):
    ids = tuple(f"{number}.jpg" for number in range(count))
    labels = tuple(number % 2 for number in range(count))
    train = SplitManifest(ids=ids, labels={"label": labels}, digests=tuple(f"{n:064x}" for n in range(count)))
    fields = {"name": "big", "classes": {"label": ("a", "b")}, "splits": {"train": train, "test": train}}
    return Manifest(reader="cub", reader_version=1, **fields | changes)


def test_the_fingerprint_changes_with_classes_ids_labels_and_contents_only():
    base = manifest()
    train = base.splits["train"]
    variants = [
        manifest(classes={"label": ("a", "c")}),
        manifest(splits={"train": train.model_copy(update={"ids": ("x", *train.ids[1:])}), "test": train}),
        manifest(
            splits={"train": train.model_copy(update={"labels": {"label": (1, 1, 0, 1, 0, 1)}}), "test": train}
        ),
        manifest(splits={"train": train.model_copy(update={"digests": train.digests[::-1]}), "test": train}),
        manifest(splits={"train": train}),
    ]
    assert len({base.fingerprint, *(other.fingerprint for other in variants)}) == 6
    assert manifest(name="other").fingerprint == base.fingerprint


def test_a_manifest_is_read_only_for_the_signature_it_was_made_of(tmp_path):
    made = manifest()
    save_manifest(made, ENTRY, tmp_path, "one")
    assert load_manifest(ENTRY, tmp_path, "one") == made
    assert load_manifest(ENTRY, tmp_path, "two") is None
    assert load_manifest(ENTRY, tmp_path / "elsewhere", "one") is None


def test_the_header_stays_small_however_many_samples_there_are(tmp_path, home):
    save_manifest(manifest(70_000), ENTRY, tmp_path, "s")
    header = load_header(ENTRY, tmp_path, "s")
    assert header.counts == {"train": 70_000, "test": 70_000}
    assert header.fingerprint == load_manifest(ENTRY, tmp_path, "s").fingerprint
    assert next(home.rglob("*.header.json")).stat().st_size < 1000


@pytest.mark.parametrize("damage", ["", "{}", "not json", '{"name": 1}'])
@pytest.mark.parametrize("which", ["*[0-9a-f].json", "*.header.json"])
def test_a_damaged_manifest_is_made_again(which, damage, tmp_path, home):
    layout = BUILDERS["cub"](tmp_path)
    made = open_dataset(layout.entry, data_root=tmp_path).manifest
    path = next((home / "manifests").glob(which))
    path.write_text(damage)
    assert known_manifest(layout.entry, tmp_path) is None
    assert open_dataset(layout.entry, data_root=tmp_path).manifest == made
    assert known_manifest(layout.entry, tmp_path) == made


def test_a_manifest_that_does_not_match_its_header_is_not_believed(tmp_path, home):
    layout = BUILDERS["cub"](tmp_path)
    open_dataset(layout.entry, data_root=tmp_path)
    path = next(path for path in (home / "manifests").glob("*.json") if "header" not in path.name)
    content = json.loads(path.read_text())
    content["classes"]["label"][0] = "changed"
    path.write_text(json.dumps(content))
    assert known_manifest(layout.entry, tmp_path) is None


def test_one_file_rewritten_in_place_makes_a_new_manifest(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    before = open_dataset(layout.entry, data_root=tmp_path).manifest
    image = next((layout.folder / "images").rglob("*.jpg"))
    content = image.read_bytes()
    image.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(image, ns=(1, 1))
    after = open_dataset(layout.entry, data_root=tmp_path).manifest
    changed = [
        sample
        for split in before.splits
        for sample, old, new in zip(
            before.splits[split].ids, before.splits[split].digests, after.splits[split].digests, strict=True
        )
        if old != new
    ]
    assert changed == [str(image.relative_to(layout.folder / "images"))]


def test_knowing_a_manifest_opens_no_image(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    made = open_dataset(layout.entry, data_root=tmp_path).manifest
    for image in (layout.folder / "images").rglob("*.jpg"):
        status = image.stat()
        image.write_bytes(b"\0" * status.st_size)  # no image any more, but of the same size and time
        os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert known_manifest(layout.entry, tmp_path) == made
    assert known_header(layout.entry, tmp_path).fingerprint == made.fingerprint


def test_a_home_that_cannot_be_written_to_is_an_error_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file where the home should be")
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "file"))
    layout = BUILDERS["cub"](tmp_path / "data")
    with pytest.raises(DataError, match="BENCH_HOME"):
        open_dataset(layout.entry, data_root=tmp_path / "data")


def test_progress_of_checking_is_reported_to_its_end(tmp_path, capfd):
    seen = []
    layout = BUILDERS["cub"](tmp_path)
    open_dataset(layout.entry, data_root=tmp_path, progress=lambda *report: seen.append(report))
    assert seen == sorted(seen, key=lambda report: (report[0] != "checking tiny-cub train", report[1]))
    assert {("checking tiny-cub train", 18, 18), ("checking tiny-cub test", 9, 9)} <= set(seen)
    assert capfd.readouterr() == ("", "")


# where data is looked for


def test_the_given_root_goes_before_bench_data_and_that_before_the_home(tmp_path, home, monkeypatch):
    layout = BUILDERS["cub"](home / "data")
    assert locate(layout.entry) == layout.folder
    for number in (2, 1):
        BUILDERS["cub"](tmp_path / str(number))
    monkeypatch.setenv("BENCH_DATA", os.pathsep.join([str(tmp_path / "none"), str(tmp_path / "2")]))
    assert locate(layout.entry) == tmp_path / "2" / "CUB_200_2011"
    assert locate(layout.entry, tmp_path / "1") == tmp_path / "1" / "CUB_200_2011"


def test_locations_are_tried_in_their_order(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    (tmp_path / "first.tar").write_bytes(b"")
    entry = layout.entry.model_copy(update={"locations": ("none", "first.tar", "CUB_200_2011")})
    assert locate(entry, tmp_path) == tmp_path / "first.tar"


def test_a_missing_dataset_says_where_it_was_looked_for_and_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "other"))
    entry = DatasetEntry(
        name="flock", reader="cub", num_classes=2, locations=("birds",), how_to_get="Ask the makers."
    )
    with pytest.raises(DataError) as caught:
        open_dataset(entry, data_root=tmp_path / "root", download=True)  # it has no files to fetch
    for place in ("birds", str(tmp_path / "root"), str(tmp_path / "other")):
        assert place in caught.value.why
    assert caught.value.todo == "Ask the makers."


def test_a_folder_that_is_something_else_says_which_file_is_missing(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    entry = layout.entry.model_copy(update={"reader": "tiny_imagenet"})
    with pytest.raises(DataError, match=r"wnids\.txt"):
        open_dataset(entry, data_root=tmp_path)


def test_a_dataset_replaced_by_another_of_its_name_never_shares_its_fingerprint(tmp_path):
    layout = BUILDERS["class_folders"](tmp_path)
    fingerprints = set()
    for seed in range(3):
        replace(layout, BUILDERS["class_folders"], tmp_path, seed)
        fingerprints.add(open_dataset(layout.entry, data_root=tmp_path).manifest.fingerprint)
    assert len(fingerprints) == 3
