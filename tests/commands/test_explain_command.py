"""`bench explain`: pictures and numbers of where a class is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import bench, refused
from PIL import Image
from trained_runs import of


@pytest.fixture
def photo(tiny_folder: Path) -> Path:
    return tiny_folder / "test" / "night" / "01.png"


def test_grad_cam_writes_one_png_and_says_where(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    run = of(trained_db, "linear").run_id
    ended = bench("explain", run, photo, "--out", tmp_path / "new", "--db", trained_db)
    assert ended.code == 0, ended.stderr
    path = Path(ended.stdout.strip())
    assert path.parent == tmp_path / "new"
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert (np.ptp(pixels.astype(int), axis=2) > 60).mean() > 0.05  # colours over the grey image


def test_json_has_the_maps_the_classes_and_the_files(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    run = of(trained_db, "last_blocks(1)").run_id
    ended = bench("explain", run[:12], photo, "--layer", "blocks.1", "--layer", "blocks.3", "--class", "sand",
                  "--out", tmp_path, "--json", "--db", trained_db)  # fmt: skip
    data = ended.data
    assert data["run_id"] == run
    assert data["explained"]["name"] == "sand"
    assert [layer["name"] for layer in data["layers"]] == ["blocks.1", "blocks.3"]
    for layer in data["layers"]:
        heat = np.array(layer["map"])
        assert heat.ndim == 2
        assert heat.shape[0] == heat.shape[1]
        assert heat.min() >= 0
    assert [Path(file).is_file() for file in data["files"]] == [True]


def test_a_map_of_a_single_cell_is_said_to_tell_nothing(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    run = of(trained_db, "linear").run_id
    said = {}
    for layer in ("blocks.0", "bn2"):
        ended = bench("explain", run, photo, "--layer", layer, "--out", tmp_path, "--json", "--db", trained_db)
        said[np.array(ended.data["layers"][0]["map"]).size == 1] = ended.stderr
    assert "does not say where" in said[True]
    assert said[False] == ""


def test_activations_write_a_png_for_each_layer(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    run = of(trained_db, "full").run_id
    ended = bench("explain", run, photo, "--method", "activations", "--layer", "blocks.0", "--layer", "bn2",
                  "--out", tmp_path, "--db", trained_db)  # fmt: skip
    names = [Path(line).name for line in ended.stdout.splitlines()]
    assert [name.rpartition("-")[2] for name in names] == ["blocks.0.png", "bn2.png"]
    assert all(Image.open(tmp_path / name).height > 500 for name in names)


def test_layers_lists_what_can_be_asked_for(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    run = of(trained_db, "full").run_id
    listed = bench("explain", run, photo, "--layers", "--db", trained_db).stdout
    names = [line.split()[0] for line in listed.splitlines()[2:]]
    assert "blocks.4.0" in names
    assert not any(name.startswith("head.") for name in names)
    ended = bench("explain", run, photo, "--layer", names[-1], "--out", tmp_path, "--db", trained_db)
    assert ended.code == 0, ended.stderr


def test_a_mistake_is_said_in_three_sentences(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    run = ("explain", of(trained_db, "full").run_id)
    db = ("--db", trained_db, "--out", tmp_path)
    assert "Did you mean blocks.0" in refused(*run, photo, "--layer", "block.0", *db)
    assert "gives no map" in refused(*run, photo, "--layer", "head.1", *db)
    assert "Unknown class" in refused(*run, photo, "--class", "noon", *db)
    assert "Unknown method" in refused(*run, photo, "--method", "grad", *db)
    assert "does not go with" in refused(*run, photo, "--method", "activations", "--class", "sand", *db)
    assert "holds 5 images" in refused(*run, photo.parent, *db)
    assert "There is no image" in refused(*run, tmp_path / "gone.png", *db)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_refused(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    run = of(trained_db, "full").run_id
    assert "taken" in refused("explain", run, photo, "--out", tmp_path / "taken", "--db", trained_db)
