"""`--layout` and `--list` on commands that take folder:PATH, and folders that are found again."""

from __future__ import annotations

import shutil

import pytest
from command_line import bench
from folder_builder import build

from bench.commands.run_dataset import open_run_dataset, sample_file
from bench.data.datasets import folder_entry, open_dataset
from bench.data.sources.places import places_of
from bench.errors import BenchError, DataError
from bench.spec import DatasetSpec


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("BENCH_DATA", raising=False)


def seen(root, **told):
    """The dataset as a run keeps it, after it was opened once."""
    dataset = open_dataset(folder_entry(root, **told))
    return DatasetSpec(name=dataset.entry.name, num_classes=2, fingerprint=dataset.manifest.fingerprint)


def test_a_run_finds_its_folder_again_without_being_told(tmp_path):
    spec = seen(build(tmp_path / "birds", "2019|2020/cat|dog/#5.jpg"), layout="*/classes")
    dataset = open_run_dataset(spec, None, None, None)
    assert dataset.manifest.fingerprint == spec.fingerprint
    assert dataset.entry.locations == (str(tmp_path / "birds"),)


def test_a_folder_that_lay_in_two_places_is_found_in_the_one_that_is_left(tmp_path):
    build(tmp_path / "a" / "birds", "cat|dog/#5.jpg")
    build(tmp_path / "b" / "birds", "cat|dog/#5.jpg")
    spec = seen(tmp_path / "a" / "birds")
    assert seen(tmp_path / "b" / "birds") == spec
    assert [place.path for place in places_of(spec.fingerprint)] == [str(tmp_path / n / "birds") for n in "ba"]
    shutil.rmtree(tmp_path / "b")
    assert open_run_dataset(spec, None, None, None).entry.locations == (str(tmp_path / "a" / "birds"),)


def test_two_folders_of_one_name_are_not_mixed_up(tmp_path):
    first = seen(build(tmp_path / "a" / "birds", "cat|dog/#5.jpg"))
    second = seen(build(tmp_path / "b" / "birds", "cat|dog/#6.jpg"))
    for spec, folder in ((first, "a"), (second, "b")):
        assert open_run_dataset(spec, None, None, None).entry.locations == (str(tmp_path / folder / "birds"),)


def test_a_moved_folder_is_read_as_it_was_when_its_new_place_is_named(tmp_path):
    spec = seen(build(tmp_path / "birds", "2019|2020/cat|dog/#5.jpg"), layout="*/classes")
    (tmp_path / "birds").rename(tmp_path / "moved")
    with pytest.raises(BenchError, match="is not known") as caught:
        open_run_dataset(spec, None, None, None)
    assert str(tmp_path / "birds") in caught.value.why
    found = open_run_dataset(spec, f"folder:{tmp_path / 'moved'}", None, None)
    assert found.manifest.fingerprint == spec.fingerprint


def test_a_folder_that_changed_is_not_taken_for_the_one_that_the_run_saw(tmp_path):
    spec = seen(build(tmp_path / "birds", "cat|dog/#5.jpg"))
    (tmp_path / "birds" / "cat" / "0.jpg").unlink()
    with pytest.raises(DataError, match="not the one that the run saw"):
        open_run_dataset(spec, None, None, None)


def test_a_sample_is_found_by_its_id(tmp_path):
    spec = seen(build(tmp_path / "x" / "birds", "wrapper/cat|dog/#5.jpg"))
    assert sample_file(spec, "cat/3.jpg") == tmp_path / "x" / "birds" / "wrapper" / "cat" / "3.jpg"
    assert sample_file(spec, "cat/99.jpg") is None


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '[{"path": 3}]', "\x00"])
def test_a_damaged_note_of_places_is_as_if_there_were_none(damage, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))
    spec = seen(build(tmp_path / "birds", "cat|dog/#5.jpg"))
    (tmp_path / "home" / "places" / f"{spec.fingerprint}.json").write_text(damage)
    with pytest.raises(BenchError, match="is not known"):
        open_run_dataset(spec, None, None, None)
    assert seen(tmp_path / "birds") == spec
    assert open_run_dataset(spec, None, None, None)


def test_bench_datasets_tells_how_a_folder_is_read(tmp_path):
    root = build(tmp_path / "intel", "seg_train|seg_test/cat|dog/#3.jpg\nseg_pred/#2.jpg")
    shown = bench("datasets", f"folder:{root}", "--json").data
    entry = shown[0] if isinstance(shown, list) else shown
    assert entry["counts"] == {"train": 6, "test": 6}
    assert "Read as splits/classes." in entry["note"]
    assert "seg_pred is left out" in entry["note"]


def test_bench_datasets_shows_the_fingerprint_of_a_folder_that_was_opened(tmp_path):
    spec = seen(build(tmp_path / "birds", "cat|dog/#5.jpg"))
    assert spec.fingerprint in bench("datasets", f"folder:{tmp_path / 'birds'}").stdout


def test_a_layout_and_lists_are_taken_on_the_command_line(tmp_path):
    root = build(tmp_path / "years", "2019|2020/cat|dog/#5.jpg", {"t.txt": "2019/cat/0.jpg\n2020/dog/0.jpg"})
    refused = bench("datasets", f"folder:{root}", "--classes")
    assert refused.code == 2
    assert "--layout '*/classes' (2 classes: cat, dog)" in " ".join(refused.stderr.split())
    done = bench("datasets", f"folder:{root}", "--classes", "--layout", "*/classes", "--list", "test=t.txt")
    assert done.stdout.split() == ['"cat"', "=", '""', '"dog"', "=", '""']


@pytest.mark.parametrize("words", [["--layout", "classes"], ["--list", "none"]])
def test_a_layout_for_a_dataset_of_the_registry_is_refused(words):
    refused = bench("datasets", "cub", *words)
    assert refused.code == 2
    assert words[0] in refused.stderr
