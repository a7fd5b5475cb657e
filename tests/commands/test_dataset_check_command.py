"""`bench datasets NAME --check`, and what a sweep says and refuses before it trains."""

from __future__ import annotations

import json
import shutil

import pytest
from faulty_folders import copy, damage, folder

from bench.commands.datasets import datasets
from bench.commands.display.dataset_check import show_check
from bench.commands.display.observer import ConsoleObserver
from bench.commands.plan import plan
from bench.commands.reproduce import reproduce
from bench.commands.sweep import sweep
from bench.commands.tune import tune
from bench.data.datasets import folder_entry
from bench.errors import BenchError, DataError
from bench.store.store import Store
from bench.sweep.options import TrainOptions
from bench.sweep.session import Session

FLAGS = ("--skip-damaged", "--drop-duplicates")


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BENCH_DB", str(tmp_path / "runs.db"))


@pytest.fixture
def faulty(tmp_path):
    root = folder(tmp_path / "pets")
    damage(root)
    copy(root, "train/cat/0.png", "train/dog/same.png")
    copy(root, "train/cat/1.png", "test/cat/copy.png")
    return root


def test_a_check_prints_classes_counts_and_every_fault(faulty, capsys):
    with pytest.raises(DataError, match="Its errors are listed above"):
        show_check(folder_entry(faulty), None, near=False, json=False)
    said = capsys.readouterr().out
    for part in (
        "folder:pets: 3 classes",
        "train 25 images: cat 8, dog 8, fox 9",
        "error: 8 images cannot be decoded: train/cat/empty.jpg (cannot identify image file)",
        "error: 1 image has two labels",
        "train/cat/0.png = train/dog/same.png",
        "warning: 1 image of test is in train too, byte for byte: test/cat/copy.png = train/cat/1.png.",
        "--skip-damaged",
    ):
        assert part in said


def test_a_check_of_a_whole_dataset_ends_well(tmp_path, call):
    result = call(datasets, f"folder:{folder(tmp_path / 'pets')}", "--check")
    assert result.exit_code == 0
    for said in (
        "folder:pets: 3 classes",
        "train 18 images: cat 6, dog 6, fox 6",
        "always naming cat is right for",
    ):
        assert said in result.stdout


def test_flags_and_json_show_what_is_left(faulty, call):
    result = call(datasets, f"folder:{faulty}", "--check", *FLAGS, "--json")
    record = json.loads(result.stdout)
    assert record["trainable"]
    assert {why: len(ids) for why, ids in record["left_out"].items()} == {
        "damaged": 8, "duplicates": 1, "contradictions": 2,
    }  # fmt: skip
    assert sum(len(part["damaged"]) for part in record["images"].values()) == 8
    assert record["targets"]["label"]["splits"]["train"]["images"] == 18 - 2


def test_near_duplicates_are_looked_for_on_demand(tmp_path, call):
    pytest.importorskip("imagehash")
    root = folder(tmp_path / "pets")
    record = json.loads(call(datasets, f"folder:{root}", "--near-duplicates", "--json").stdout)
    assert record["near_duplicates"] == {"distance": 4, "flat": 0, "groups": []}


def test_many_classes_are_listed_in_columns(tmp_path, call):
    root = folder(tmp_path / "many", {"train": 2, "test": 1}, [f"class {n:02}" for n in range(20)])
    lines = call(datasets, f"folder:{root}", "--check").stdout.splitlines()
    assert "    class 07       2       1" in lines


def test_a_check_of_no_dataset_is_refused(call):
    with pytest.raises(BenchError, match="names no dataset"):
        call(datasets, "--check")


@pytest.mark.parametrize("command", [sweep, tune])
def test_nothing_trains_on_a_damaged_dataset(command, faulty, call, tmp_path):
    with pytest.raises(DataError, match="8 images cannot be decoded"):
        call(command, "--dataset", f"folder:{faulty}", "--backbones", "test_resnet@none", "--strategies", "linear")
    with Store.open(tmp_path / "runs.db") as store:
        assert store.rows() == []


def test_a_study_refuses_a_damaged_stand_in(faulty, call):
    with pytest.raises(DataError, match="8 images cannot be decoded"):
        call(reproduce, "cub-10m", "--on", f"folder:{faulty}", "--runs", "b0-last-block", "--no-download")


def test_a_sweep_trains_on_what_is_left_and_says_so_once(faulty, call, tmp_path):
    words = ("--dataset", f"folder:{faulty}", "--backbones", "test_resnet@none", "--strategies", "linear")
    words = (*words, "--image-size", "32", "--epochs", "1", *FLAGS)
    said = call(sweep, *words).stderr
    assert "note: 8 images left out as damaged" in said
    assert "bench datasets folder:" in said and "--check --skip-damaged --drop-duplicates" in said  # noqa: PT018
    assert "left out" not in call(sweep, *words).stderr
    with Store.open(tmp_path / "runs.db") as store:
        (row,) = store.rows()
    assert (row.train_n, row.val_n, row.test_n) == (16, 9, 10)


def test_flags_make_no_other_run_of_a_whole_dataset(tmp_path, call):
    root = folder(tmp_path / "pets")
    words = ("--dataset", f"folder:{root}", "--backbones", "test_resnet@none", "--strategies", "linear")
    words = (*words, "--image-size", "32", "--epochs", "1")
    call(sweep, *words)
    assert "1 done before" in call(sweep, *words, *FLAGS).stderr


def test_a_plan_counts_what_is_left(faulty, call):
    call(datasets, f"folder:{faulty}", "--check", *FLAGS)
    words = (
        "--dataset",
        f"folder:{faulty}",
        "--backbones",
        "test_resnet@none",
        "--strategies",
        "linear",
        "--json",
    )
    fingerprints = [
        json.loads(call(plan, *words, *flags).stdout)["dataset"]["fingerprint"] for flags in ((), FLAGS)
    ]
    assert len(set(fingerprints)) == 2


def test_the_check_is_shown_before_the_first_training_on_this_content(tmp_path, capsys):
    root = folder(tmp_path / "pets")
    session = Session(TrainOptions(db=str(tmp_path / "runs.db")), ConsoleObserver())
    session.open(folder_entry(root))
    assert "folder:pets: 3 classes" in capsys.readouterr().err
    session.open(folder_entry(root))
    moved = shutil.copytree(root, tmp_path / "elsewhere" / "pets")
    session.open(folder_entry(moved))
    assert capsys.readouterr().err == ""
    (root / "train/cat/0.png").unlink()
    session.open(folder_entry(root))
    assert "cat 5" in capsys.readouterr().err
