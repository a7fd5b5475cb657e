"""`bench mistakes`: test images, chosen and judged by the scores that a run kept."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from command_line import bench, refused
from PIL import Image
from trained_runs import TINY, of, swept

from bench.records.predictions import TestPredictions
from bench.report.look.mistakes import choose, judge, summary
from bench.store.artifacts import Artifacts
from bench.store.store import Store


def asked(db: Path, data: Path, *words: object) -> tuple[object, ...]:
    return ("mistakes", of(db, "linear").run_id, "--dataset", f"folder:{data}", "--db", db, *words)


def predictions(logits: list[list[float]], labels: list[int]) -> TestPredictions:
    ids = np.array([f"{number}.png" for number in range(len(labels))])
    return TestPredictions(ids, np.array(labels), np.array(logits, np.float32))


def test_what_is_listed_are_the_wrong_images_of_the_kept_scores_surest_first(
    trained_db: Path, tiny_folder: Path
) -> None:
    row = of(trained_db, "linear")
    with Store.open(trained_db) as store:
        kept = Artifacts.beside(store.location).predictions(row.run_id).test
    wrong = set(kept.ids[kept.logits.argmax(axis=1) != kept.labels])
    assert 0 < len(wrong) < 20
    data = bench(*asked(trained_db, tiny_folder, "--json")).data
    assert {image["id"] for image in data["images"]} == wrong
    assert data["wrong"] == len(wrong) == round(20 * (1 - row.test_top1))
    sure = [image["confidence"] for image in data["images"]]
    assert sure == sorted(sure, reverse=True)
    for image in data["images"]:
        assert image["id"].split("/")[-2] == image["true"] != image["predicted"]


def test_all_mixes_right_and_wrong(trained_db: Path, tiny_folder: Path) -> None:
    data = bench(*asked(trained_db, tiny_folder, "--all", "--json")).data
    assert len(data["images"]) == data["total"] == 20
    assert {image["right"] for image in data["images"]} == {True, False}
    few = bench(*asked(trained_db, tiny_folder, "--all", "--most", 4, "--json")).data["images"]
    assert len(few) == 4
    assert few[0] == data["images"][0]
    assert few[-1] == data["images"][-1]


def test_the_table_ends_with_how_many_are_wrong(trained_db: Path, tiny_folder: Path) -> None:
    ended = bench(*asked(trained_db, tiny_folder, "--most", 2, "--sort", "doubt"))
    assert ended.code == 0, ended.stderr
    assert "of 20 test images are wrong" in ended.stdout
    assert "2 of them, least sure first" in ended.stdout


def test_the_picture_marks_what_is_wrong(trained_db: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "grid.png"
    assert bench(*asked(trained_db, tiny_folder, "--all", "--out", out)).code == 0
    with Image.open(out) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    for colour in ((0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)):
        assert (pixels == colour).all(axis=1).sum() > 500


class Page(HTMLParser):
    """The pictures, scripts and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name == "src"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_holds_its_images_and_the_names_as_they_are(tiny_folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "odd"
    shutil.copytree(tiny_folder, data)
    strange = "<script>alert(1)</script>"[:8] + "& $x$"
    for split in ("train", "test"):
        (data / split / "sand").rename(data / split / strange)
    db, out = tmp_path / "runs.db", tmp_path / "page.html"
    swept(db, data, *TINY, "-s", "linear")
    assert bench(*asked(db, data, "--all", "--out", out)).code == 0
    page = Page(out.read_text(encoding="utf-8"))
    assert len(page.sources) == 20
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert strange in page.text
    assert "script" not in page.tags
    assert bench(*asked(db, data, "--all", "--out", tmp_path / "grid.png")).code == 0


def test_a_folder_that_this_machine_has_not_opened_has_to_be_named(
    trained_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = of(trained_db, "linear").run_id
    assert bench("mistakes", run, "--db", trained_db).code == 0
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "another"))
    assert "--dataset folder:PATH" in refused("mistakes", run, "--db", trained_db)


def test_another_dataset_is_refused(trained_db: Path, tiny_folder: Path, tmp_path: Path) -> None:
    run = of(trained_db, "linear").run_id
    other = tmp_path / tiny_folder.name
    shutil.copytree(tiny_folder, other)
    Image.new("RGB", (20, 20)).save(other / "test" / "sand" / "00.png")
    assert "not the one" in refused(*asked(trained_db, other))
    assert "not the one" in refused("mistakes", run, "--dataset", "digits", "--db", trained_db)
    assert "There is no" in refused(*asked(trained_db, tmp_path / "gone"))


def test_a_mistake_in_the_options_is_said(trained_db: Path, tiny_folder: Path, tmp_path: Path) -> None:
    assert "Unknown order" in refused(*asked(trained_db, tiny_folder, "--sort", "colour"))
    assert ".png" in refused(*asked(trained_db, tiny_folder, "--out", tmp_path / "x.gif"))
    (tmp_path / "taken").write_text("a file")
    for name in ("taken/x.html", "taken/x.png"):
        assert "a part of its path is a file" in refused(*asked(trained_db, tiny_folder, "--out", tmp_path / name))
    assert "room for 100" in refused(*asked(trained_db, tiny_folder, "--most", 500, "--out", tmp_path / "x.png"))


def test_predictions_that_are_gone_are_said(trained_db: Path, tiny_folder: Path, tmp_path: Path) -> None:
    shutil.copy(trained_db, tmp_path / "runs.db")
    assert "predictions" in refused(*asked(tmp_path / "runs.db", tiny_folder))


def test_scores_that_are_no_numbers_are_never_right() -> None:
    nan, inf = float("nan"), float("inf")
    judged = judge(predictions([[nan, 0], [inf, 0], [5, 0], [0, 5]], [0, 0, 0, 0]), ["a", "b"])
    assert [one.right for one in judged] == [False, False, True, False]
    assert [one.confidence for one in judged[:2]] == [0, 0]
    assert judged[0].predicted == "no finite score"


def test_one_class_and_no_mistake_are_no_special_case() -> None:
    chosen = choose(judge(predictions([[3], [1]], [0, 0]), ["only"]), most=25, sort="confidence")
    assert chosen.shown == ()
    assert summary(chosen, everything=False, sort="confidence") == "0 of 2 test images are wrong (0.0 %)"


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_evenly_spread_images_are_each_shown_once(most: int) -> None:
    logits = [[float(number), 0.0] for number in range(7)]
    chosen = choose(judge(predictions(logits, [0] * 7), ["a", "b"]), most=most, sort="order", everything=True)
    places = [one.position for one in chosen.shown]
    assert len(places) == len(set(places)) == most
    assert places == sorted(places)
