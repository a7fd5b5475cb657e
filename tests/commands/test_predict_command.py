"""`bench predict`: a run's model on image files."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import bench, refused
from PIL import Image
from trained_runs import of, swept

from bench.models.classifier import Classifier
from bench.store.artifacts import Artifacts
from bench.store.store import Store


@pytest.fixture
def photo(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tiny_folder / "test" / "grass" / "00.png", tmp_path / "photo.png"))


def probabilities(record: dict) -> dict[str, float]:
    return {guess["name"]: guess["probability"] for guess in record["targets"]["label"]}


def test_images_of_the_test_split_get_the_probabilities_that_the_run_kept(
    trained_db: Path, tiny_folder: Path
) -> None:
    row = of(trained_db, "last_blocks(1)")
    with Store.open(trained_db) as store:
        kept = Artifacts.beside(store.location).predictions(row.run_id).test
    records = bench("predict", row.run_id, tiny_folder / "test", "--json", "--db", trained_db).data
    assert len(records) == len(kept.ids) == 20
    by_name = {"/".join(Path(record["image"]).parts[-3:]): record for record in records}
    for id_, logits in zip(kept.ids, kept.logits, strict=True):
        expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        found = probabilities(by_name[id_])
        assert [found[name] for name in ("dusk", "grass", "night", "sand")] == pytest.approx(expected, abs=1e-4)


def test_the_dataset_is_not_needed(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "lost"))
    db = tmp_path / "runs.db"
    (row,) = swept(db, folder, "-m", "timm/test_efficientnet@none", "--image-size", "32", "--epochs", "1",
                   "--set", "batch_size=8", "-s", "linear")  # fmt: skip
    image = shutil.copy(folder / "test" / "sand" / "00.png", tmp_path / "sand.png")
    shutil.rmtree(folder)
    assert bench("predict", row.run_id, image, "--db", db).code == 0


def test_images_that_do_not_fit_at_once_are_computed_in_parts(
    trained_db: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, folder = of(trained_db, "linear").run_id, tiny_folder / "test"
    wanted = bench("predict", run, folder, "--json", "--db", trained_db).data
    computed = Classifier.forward
    most = [3]

    def limited(model: Classifier, images: torch.Tensor) -> torch.Tensor:
        if len(images) > most[0]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB")
        return computed(model, images)

    monkeypatch.setattr(Classifier, "forward", limited)
    found = bench("predict", run, folder, "--json", "--db", trained_db).data
    assert [f["image"] for f in found] == [w["image"] for w in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert probabilities(one) == pytest.approx(probabilities(other), abs=1e-4)
    evaluated = bench("evaluate", run, "--dataset", f"folder:{tiny_folder}", "--db", trained_db)
    assert evaluated.code == 0, evaluated.err
    most[0] = 0
    error = refused("predict", run, folder, "--db", trained_db)
    assert "Memory has run out.\nCUDA out of memory. Tried to allocate 9.00 GiB.\n" in error


def test_top_names_so_many_classes_most_probable_first(trained_db: Path, photo: Path) -> None:
    ended = bench("predict", of(trained_db, "full").run_id, photo, "--top", 2, "--json", "--db", trained_db)
    (record,) = ended.data
    shares = list(probabilities(record).values())
    assert len(shares) == 2
    assert shares[0] >= shares[1]
    everything = bench("predict", of(trained_db, "full").run_id, photo, "--top", 99, "--json", "--db", trained_db)
    assert sum(probabilities(everything.data[0]).values()) == pytest.approx(1)


def test_the_table_names_each_image_once_with_its_classes(trained_db: Path, photo: Path) -> None:
    ended = bench("predict", of(trained_db, "full").run_id, photo, "--db", trained_db)
    assert ended.stdout.count(str(photo)) == 1
    assert all(name in ended.stdout for name in ("dusk", "grass", "night", "sand"))


def test_formats_and_modes_are_read_as_the_datasets_are(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    image = Image.open(photo).convert("RGB")
    grey = np.asarray(image.convert("L"))
    turned = image.getexif()
    turned[0x0112] = 6  # turn it by 90 degrees
    image.save(tmp_path / "a-turned.png", exif=turned)
    image.convert("RGBA").save(tmp_path / "b-alpha.png")
    image.convert("L").save(tmp_path / "c-grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "d-deep.png")
    image.save(tmp_path / "e-lossless.webp", lossless=True)
    image.save(tmp_path / "f.bmp")
    records = bench("predict", of(trained_db, "full").run_id, tmp_path, "--json", "--db", trained_db).data
    turned_, alpha, gray, deep, webp, bmp, plain = map(probabilities, records)
    for same in (alpha, webp, bmp):
        assert same == pytest.approx(plain, abs=1e-6)
    shown = tmp_path / "as-viewers-show-it.png"
    image.transpose(Image.Transpose.ROTATE_270).save(shown)
    (upright,) = bench("predict", of(trained_db, "full").run_id, shown, "--json", "--db", trained_db).data
    assert turned_ == pytest.approx(probabilities(upright), abs=1e-6)
    assert turned_ != pytest.approx(plain, abs=1e-6)
    assert gray == pytest.approx(deep, abs=1e-6)
    assert gray != pytest.approx(plain, abs=1e-6)


def test_an_image_has_the_same_probabilities_alone_and_among_many(trained_db: Path, tiny_folder: Path) -> None:
    run = of(trained_db, "full").run_id
    images = sorted((tiny_folder / "train").rglob("*.png"))[:40]
    together = bench("predict", run, *images, "--json", "--db", trained_db).data
    assert [record["image"] for record in together] == list(map(str, images))
    alone = bench("predict", run, images[37], "--json", "--db", trained_db).data
    assert probabilities(together[37]) == pytest.approx(probabilities(alone[0]), abs=1e-5)


def test_what_is_no_image_is_refused_by_its_name(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    run = of(trained_db, "full").run_id
    whole = photo.read_bytes()
    bad = {
        "text.jpg": b"no picture",
        "empty.png": b"",
        "cut.png": whole[: len(whole) // 2],
        "noise.jpg": random.Random(0).randbytes(300),  # noqa: S311 - no secret
    }
    for name, data in bad.items():
        path = tmp_path / "bad" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        assert str(path) in refused("predict", run, photo, path, "--db", trained_db)


def test_what_is_not_there_is_refused(trained_db: Path, tmp_path: Path) -> None:
    run = of(trained_db, "full").run_id
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "notes.txt").write_text("no image")
    assert "does not exist" in refused("predict", run, tmp_path / "gone.jpg", "--db", trained_db)
    assert "is a URL" in refused("predict", run, "https://example.org/bird.jpg", "--db", trained_db)
    assert "hollow" in refused("predict", run, tmp_path / "hollow", "--db", trained_db)
    assert "There is no image" in refused("predict", run, "x" * 5000, "--db", trained_db)
    assert "is empty" in refused("predict", run, "", "--db", trained_db)


def test_an_image_that_is_all_but_a_line_is_read_as_a_datasets_is(trained_db: Path, tmp_path: Path) -> None:
    Image.new("RGB", (900_000, 1)).save(tmp_path / "line.png")
    ended = bench("predict", of(trained_db, "full").run_id, tmp_path / "line.png", "--json", "--db", trained_db)
    assert sum(probabilities(ended.data[0]).values()) == pytest.approx(1)


def test_a_deep_image_whose_white_is_not_known_is_refused(trained_db: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9), 4000, np.uint16)).save(tmp_path / "twelve-bits.png")
    said = refused("predict", of(trained_db, "full").run_id, tmp_path / "twelve-bits.png", "--db", trained_db)
    assert "which of them is white is not known" in said


def test_the_picture_is_a_png_that_grows_with_the_images(
    trained_db: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    run, one, many = of(trained_db, "full").run_id, tmp_path / "one.png", tmp_path / "new" / "many.png"
    images = sorted((tiny_folder / "train").rglob("*.png"))
    assert bench("predict", run, images[0], "--picture", one, "--db", trained_db).code == 0
    folders = (tiny_folder / "train", tiny_folder / "test")
    ended = bench("predict", run, *folders, "--picture", many, "--db", trained_db)
    assert "the first 48 of 68 images" in ended.stderr
    with Image.open(one) as small, Image.open(many) as large:
        assert small.format == large.format == "PNG"
        assert large.width > small.width
        assert large.height > 3 * small.height


def test_a_picture_of_strange_names_is_drawn(trained_db: Path, photo: Path, tmp_path: Path) -> None:
    strange = photo.rename(tmp_path / "$x^{2}_a$ <b>\n猫 &amp;.png")
    out = tmp_path / "out.png"
    ended = bench("predict", of(trained_db, "full").run_id, strange, "--picture", out, "--db", trained_db)
    assert ended.code == 0, ended.stderr
    assert "Warning" not in ended.stderr
    assert Image.open(out).size > (500, 300)


def test_a_picture_that_cannot_be_one_is_refused_before_any_work(
    trained_db: Path, photo: Path, tmp_path: Path
) -> None:
    run = of(trained_db, "full").run_id
    assert ".png" in refused("predict", run, photo, "--picture", tmp_path / "out.jpg", "--db", trained_db)
    (tmp_path / "folder.png").mkdir()
    assert "folder" in refused("predict", run, photo, "--picture", tmp_path / "folder.png", "--db", trained_db)


def test_an_unknown_run_and_an_unknown_device_are_refused(trained_db: Path, photo: Path) -> None:
    assert "No run begins with" in refused("predict", "zz", photo, "--db", trained_db)
    run = of(trained_db, "full").run_id
    assert "device" in refused("predict", run, photo, "--device", "abacus", "--db", trained_db)
