"""Turned, transparent and deep images, from the folder to the answer: the model sees what a viewer shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import bench
from encoded_images import ORIENTATION
from PIL import Image
from trained_runs import TINY, swept

from bench.spec import RunSpec
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow
from bench.store.store import Store

LINEAR = (*TINY, "-s", "linear")
RANDOM = np.random.default_rng(5)


def spec_of(db: Path, row: RunRow) -> RunSpec:
    with Store.open(db) as store:
        return store.run(row.run_id).spec


def logits_of(db: Path, row: RunRow) -> np.ndarray:
    """Return the logits of the test split, images x classes."""
    with Store.open(db) as store:
        return Artifacts.beside(store.location).predictions(row.run_id).test.logits


def each_image(folder: Path, change) -> None:
    for path in sorted(folder.rglob("*.png")):
        with Image.open(path) as image:
            image.load()
        change(image, path)


def saved_turned(image: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)


@pytest.fixture
def upright(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "same"))


def test_a_turned_folder_scores_as_the_upright_one_does(upright: Path, tmp_path: Path) -> None:
    (plain,) = swept(tmp_path / "plain.db", upright, *LINEAR)
    turned = Path(shutil.copytree(upright, tmp_path / "turned" / "same"))
    each_image(turned, saved_turned)
    ended = bench("sweep", "--dataset", f"folder:{turned}", "--db", tmp_path / "t.db", *LINEAR)
    assert "images have an EXIF orientation: turned as it asks" in ended.stderr + ended.stdout
    with Store.open(tmp_path / "t.db") as store:
        (row,) = store.rows()
    assert spec_of(tmp_path / "t.db", row).transform.exif == "follow"
    assert logits_of(tmp_path / "t.db", row) == pytest.approx(logits_of(tmp_path / "plain.db", plain))
    (ignoring,) = swept(tmp_path / "i.db", turned, *LINEAR, "--set", "exif=ignore")
    assert spec_of(tmp_path / "i.db", ignoring).recipe.exif == "ignore"
    assert logits_of(tmp_path / "i.db", ignoring) != pytest.approx(logits_of(tmp_path / "t.db", row))


def test_augmented_images_are_turned_too(upright: Path, tmp_path: Path) -> None:
    turned = Path(shutil.copytree(upright, tmp_path / "turned" / "same"))
    each_image(turned, saved_turned)
    augmented = (*TINY, "-s", "full", "--set", 'augment=["horizontal_flip"]')
    (plain,), (row,) = (swept(tmp_path / f"{f.parent.name}.db", f, *augmented) for f in (upright, turned))
    found = logits_of(tmp_path / "turned.db", row)
    assert found == pytest.approx(logits_of(tmp_path / f"{upright.parent.name}.db", plain), abs=1e-5)


def test_plan_and_sweep_give_a_turned_folders_run_one_id(upright: Path, tmp_path: Path) -> None:
    each_image(upright / "test", saved_turned)
    asked = ("--dataset", f"folder:{upright}", *LINEAR)
    before = bench("plan", *asked, "--json").data["runs"][0]
    assert before["run_id"] is None
    (row,) = swept(tmp_path / "runs.db", upright, *LINEAR)
    after = bench("plan", *asked, "--json").data["runs"][0]
    assert after["run_id"] == row.run_id
    assert "turned as it asks" in bench("plan", *asked).stdout


def test_dark_logos_come_on_white_and_are_told_apart_by_the_whole_way(tmp_path: Path) -> None:
    for shape, draw in (("disc", "ellipse"), ("square", "rectangle")):
        (tmp_path / "logos" / shape).mkdir(parents=True)
        for number in range(10):
            box = (3 + number % 3, 3, 28 - number % 4, 28)
            image = Image.new("RGBA", (32, 32))
            from PIL import ImageDraw

            getattr(ImageDraw.Draw(image), draw)(box, fill=(0, 0, 0, 255))
            image.save(tmp_path / "logos" / shape / f"{number}.png")
    (row,) = swept(tmp_path / "runs.db", tmp_path / "logos", *LINEAR)
    assert spec_of(tmp_path / "runs.db", row).transform.ground == "white"
    picture = tmp_path / "mistakes.png"
    ended = bench("mistakes", row.run_id, "--all", "--db", tmp_path / "runs.db", "--dataset",
                  f"folder:{tmp_path / 'logos'}", "--out", picture)  # fmt: skip
    assert ended.code == 0, ended.stderr
    assert len(np.unique(logits_of(tmp_path / "runs.db", row), axis=0)) > 1


def test_eight_bits_in_sixteen_score_as_eight_bits_do(upright: Path, tmp_path: Path) -> None:
    each_image(upright, lambda image, path: image.convert("L").save(path))
    (plain,) = swept(tmp_path / "plain.db", upright, *LINEAR)
    deep = Path(shutil.copytree(upright, tmp_path / "deep" / "same"))
    each_image(deep, lambda image, path: Image.fromarray(np.asarray(image).astype(np.uint16)).save(path))
    (row,) = swept(tmp_path / "deep.db", deep, *LINEAR)
    assert spec_of(tmp_path / "deep.db", row).transform.value_range == (0, 255)
    assert logits_of(tmp_path / "deep.db", row) == pytest.approx(logits_of(tmp_path / "plain.db", plain))
    one = next((deep / "test").rglob("*.png"))
    assert bench("predict", row.run_id, one, "--db", tmp_path / "deep.db").code == 0


def test_prepared_images_of_another_reading_are_not_used(upright: Path, monkeypatch, tmp_path: Path) -> None:
    from bench.data.datasets import folder_entry, open_dataset
    from bench.data.images.prepared import open_pixels
    from bench.data.splits import split
    from bench.spec import TransformSpec

    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))
    each_image(upright / "test", saved_turned)
    dataset = open_dataset(folder_entry(upright))
    part = split(dataset.manifest, "label", 0.1, 0).test
    read = [
        open_pixels(dataset, part, TransformSpec(image_size=16, exif=exif)).batch(np.arange(len(part)))
        for exif in ("ignore", "follow", "ignore")
    ]
    assert (read[0] == read[2]).all()
    assert (read[0] != read[1]).any()
