"""Real images and pretrained weights: CIFAR-10 under other names, with a map that sends cats to ships."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from command_line import bench
from trained_runs import swept

pytestmark = pytest.mark.shared_data

RENAMED = {"cat": "tabby cat", "automobile": "sports_car", "truck": "garbage trucks", "ship": "container ship"}
MAP = """
[map]
"tabby cat" = "ship"
"sports car" = "automobile"
"garbage truck" = "truck"
"container ship" = "ship"
"""


@pytest.fixture(scope="module")
def folders(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Forty training images of five classes with ten to test, and thirty others of four of them, renamed."""
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    taken: dict[tuple[str, str], int] = {}
    with tarfile.open(shared_data / "cifar10-small.tar") as tar:
        for member in tar:
            _, split, name, file = (*member.name.split("/"), "", "", "")[:4]
            number = taken[split, name] = taken.get((split, name), 0) + 1
            if not file or name not in (*RENAMED, "dog"):
                continue
            if number <= {"train": 40, "test": 10}[split]:
                _write(tar, member, ours / split / name / file)
            elif 100 < number <= 130 and name in RENAMED:
                _write(tar, member, theirs / split / RENAMED[name] / file)
    return ours, theirs


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.read())


def test_the_corrected_map_scores_better_and_right_answers_are_surer(folders, tmp_path):
    ours, theirs = folders
    (row,) = swept(tmp_path / "runs.db", ours, "-m", "tf_efficientnet_lite0", "-s", "linear", "--image-size", "96")
    path = tmp_path / "map.toml"
    path.write_text(MAP, encoding="utf-8")
    words = ("--db", tmp_path / "runs.db", "-d", f"folder:{theirs}", "--label-map", path)
    found = bench("transfer", row.run_id, *words, "--json").data
    given, by_name = (reading["all"] for reading in found["result"]["heads"][0]["readings"])
    assert found["images"] == 120
    assert by_name["top1"] > 0.6
    assert by_name["top1"] > given["top1"] + 0.1  # a quarter of the images are cats
    assert by_name["confidence_right"] > by_name["confidence_wrong"] + 0.05
    assert [pair["theirs"] for pair in found["label_map"]["pairs"] if pair["verdict"] == "disagrees"] == [
        "tabby cat"
    ]
