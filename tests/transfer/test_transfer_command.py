"""`bench transfer` as a user meets it: real runs, real images, maps that are right and maps that are not."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import bench, refused
from PIL import Image
from plausible_runs import MODELS, make_planned, plan

from bench.store.artifacts import Artifacts
from bench.store.store import Store

GOOD = """
[map]
"late dusk" = "dusk"
"early dusk" = "dusk"
lawn = "grass"
night = "night"
"beach sand" = "sand"
"""
SWAPPED = GOOD.replace('night = "night"', 'night = "sand"')


@pytest.fixture
def files(copied) -> Path:
    """The folder of the files beside the database."""
    return Path(f"{copied[0]}.files")


@pytest.fixture
def ask(copied, other_folder, tmp_path):
    """Ask of the run with a map's text; returns how the command ended."""

    def asked(text, *options):
        path = tmp_path / "colours.toml"
        path.write_text(text, encoding="utf-8")
        return ["transfer", copied[1].run_id[:8], "--db", copied[0], "--dataset", f"folder:{other_folder}",
                "--label-map", path, *options]  # fmt: skip

    return asked


def test_renamed_images_of_the_same_dataset_give_the_run_s_own_accuracy(ask, copied):
    """The run's own test images, under other names and one class cut in two: top-1 must be its test accuracy."""
    found = bench(*ask(GOOD), "--json").data
    (head,) = found["result"]["heads"]
    (reading,) = head["readings"]
    assert found["images"] == 20
    assert reading["all"]["top1"] == pytest.approx(copied[1].test_top1)
    assert reading["all"]["macro_f1"] == pytest.approx(copied[1].test_macro_f1)
    assert found["result"]["left_out"] == {"unmapped_images": 5, "unmapped_classes": 1, "over_limit": 0}


def test_scores_are_those_that_the_run_kept_of_the_same_images(ask, copied, files):
    bench(*ask(GOOD))
    kept = Artifacts(files).predictions(copied[1].run_id).test
    (file,) = (files / "transfers").iterdir()
    with np.load(file) as arrays:
        ours = arrays["logits"]
    assert np.allclose(np.sort(ours, axis=0), np.sort(kept.logits, axis=0), atol=1e-4)


def test_a_map_that_is_wrong_by_name_is_shown_as_written_and_corrected(ask, copied):
    ended = bench(*ask(SWAPPED))
    assert ended.code == 0, ended.stderr
    assert "warning: nights goes to sand, but by its name it is night (2)." in ended.stdout
    assert "Not checkable by name, taken as written:\n  lawn -> grass" in ended.stdout
    found = bench(*ask(SWAPPED), "--json").data
    given, by_name = found["result"]["heads"][0]["readings"]
    assert by_name["all"]["top1"] == pytest.approx(copied[1].test_top1)
    assert given["all"]["top1"] <= by_name["all"]["top1"] - 0.15  # 5 of 20 images are nights, most named right


def test_the_same_question_is_looked_up_and_another_map_needs_no_model(ask, files):
    first = bench(*ask(GOOD), "--json").data
    shutil.rmtree(files / "models")
    assert bench(*ask(GOOD), "--json").data == first
    other = bench(*ask(SWAPPED), "--json").data
    assert other["transfer_id"] != first["transfer_id"]
    assert "bench keep" in refused(*ask(GOOD + 'grey = "night"\n'))  # five images more than were scored


def test_only_images_that_were_not_scored_are_computed(ask, files):
    few = bench(*ask('[map]\nlawn = "grass"\n'), "--json").data
    assert few["images"] == 5
    bench(*ask(GOOD))
    (file,) = (files / "transfers").iterdir()
    with np.load(file) as arrays:
        assert len(arrays["rows"]) == 20


def test_a_damaged_file_of_scores_is_computed_again(ask, files):
    first = bench(*ask(GOOD), "--json").data
    (file,) = (files / "transfers").iterdir()
    file.write_bytes(b"damaged")
    second = bench(*ask(SWAPPED), "--json").data["result"]["heads"][0]["readings"][1]
    assert second["all"] == first["result"]["heads"][0]["readings"][0]["all"]


def test_a_limit_takes_a_share_of_each_class(ask):
    found = bench(*ask(GOOD), "--limit", "12", "--json").data
    assert found["images"] == 12
    assert found["result"]["left_out"]["over_limit"] == 8
    assert {score["theirs"]: score["n"] for score in found["result"]["heads"][0]["readings"][0]["classes"]} == {
        "late dusk": 2, "early dusk": 1, "lawn": 3, "nights": 3, "beach sand": 3,
    }  # fmt: skip


def test_the_official_training_images_can_be_taken(ask):
    assert bench(*ask(GOOD), "--split", "train", "--json").data["images"] == 48


def test_show_has_each_evaluation(ask, copied):
    bench(*ask(SWAPPED))
    text = bench("show", copied[1].run_id, "--db", copied[0]).stdout
    section = text[text.index("On other datasets") : text.index("\nEpochs")]
    assert section.count("colours") == 2
    assert "as written" in section
    assert "by name" in section
    data = bench("show", copied[1].run_id, "--db", copied[0], "--json").data
    assert [transfer["images"] for transfer in data["transfers"]] == [20]


def test_one_s_own_dataset_is_said_to_be_it(copied, tiny_folder, tmp_path):
    path = tmp_path / "same.toml"
    path.write_text('[map]\nnight = "night"\n', encoding="utf-8")
    words = ("--db", copied[0], "--dataset", f"folder:{tiny_folder}", "--label-map", path)
    assert "This is the dataset that the run was trained on" in bench("transfer", copied[1].run_id, *words).stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--split", "val"), "has no official val split"),
        (("--split", "tset"), "Did you mean test?"),
        (("--target", "fine"), "Valid: label."),
        (("--limit", "0"), "--limit"),
        (("--device", "tpu"), "'tpu' cannot be used"),
    ],
)
def test_what_is_not_there_is_refused(ask, options, said):
    assert said in refused(*ask(GOOD, *options))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[map]\nnihgt = "night"', "Did you mean nights?"),
        ('[map]\nnight = "nigth"', "Did you mean night?"),
        ("[map", "is no TOML"),
    ],
)
def test_a_map_with_a_mistake_is_refused_and_nothing_is_recorded(ask, copied, text, said):
    assert said in refused(*ask(text))
    with Store.open(copied[0]) as store:
        assert store.transfers.of_run(copied[1].run_id) == []


def test_an_image_that_is_none_is_an_error_that_names_it(ask, other_folder, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(other_folder, broken)
    worst = max((broken / "test" / "nights").iterdir())
    worst.write_bytes(b"no image")
    words = ask(GOOD)
    words[words.index(f"folder:{other_folder}")] = f"folder:{broken}"
    message = refused(*words)
    assert "cannot be decoded" in message
    assert str(Path("test") / "nights" / worst.name) in message


def test_a_run_that_is_not_done_is_refused(ask, tmp_path):
    run = make_planned(MODELS[0], "linear")
    with Store.open(tmp_path / "planned.db") as store:
        plan(store, [run])
    words = ask(GOOD)
    words[1], words[3] = run.spec.run_id, tmp_path / "planned.db"
    assert "is planned, not done" in refused(*words)


def test_a_run_that_is_not_known_and_a_database_that_is_not_there_are_refused(ask, tmp_path):
    words = ask(GOOD)
    words[1] = "zzz"
    assert "No run begins with 'zzz'" in refused(*words)
    words[3] = tmp_path / "none.db"
    assert "none.db" in refused(*words)


def test_on_a_narrow_terminal_the_classes_keep_their_names_and_accuracies(ask):
    wide, narrow = (bench(*ask(GOOD), columns=columns).stdout for columns in (200, 64))
    assert "confid. wrong %" in wide
    assert "confid. wrong %" not in narrow
    assert "late dusk" in narrow
    assert max(map(len, narrow.split("label, 4 classes")[1].splitlines())) <= 64


def table_of(ended, path):
    """Return the rows of a CSV that a command wrote."""
    assert ended.code == 0, ended.stderr
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_of_all_images_sums_up_to_what_was_measured(ask, tmp_path):
    path = tmp_path / "new" / "images.csv"
    rows = table_of(bench(*ask(SWAPPED), "--table", path), path)
    found = bench(*ask(SWAPPED), "--json").data["result"]["heads"][0]["readings"]
    assert len(rows) == 20
    for reading, end in zip(found, ("", "_by_name"), strict=True):
        right = [row[f"label_right{end}"] == "True" for row in rows]
        assert np.mean(right) == pytest.approx(reading["all"]["top1"])
    sure = [float(row["label_confidence"]) for row in rows if row["label_right"] == "True"]
    assert np.mean(sure) == pytest.approx(found[0]["all"]["confidence_right"])
    assert {row["label"] for row in rows} == {"late dusk", "early dusk", "lawn", "nights", "beach sand"}
    assert all(Path(row["file"]).parent.name == row["label"] for row in rows)


def test_so_many_images_are_drawn_at_random_by_a_seed(ask):
    def drawn(*words):
        return [row["file"] for row in bench(*ask(GOOD), "--json", *words).data["image_table"]]

    seven = drawn("--images", 7)
    assert len(set(seven)) == 7
    assert seven == drawn("--images", 7, "--random", 0) == sorted(seven, key=drawn("--images", "all").index)
    assert seven != drawn("--images", 7, "--random", 1)
    assert len(drawn("--images", 1000)) == len(drawn("--images", "all")) == 20
    assert "image_table" not in bench(*ask(GOOD), "--json").data


def test_the_page_and_the_pictures_are_whole(ask, tmp_path):
    ended = bench(*ask(SWAPPED), "--images", 5, "--table", tmp_path / "t.html", "--confusion", tmp_path / "c.png")
    assert ended.code == 0, ended.stderr
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 5
    assert "5 of 20 images at random, seed 0" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.size[0] > 400


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--images", "0"), "Cannot read --images '0'"),
        (("--images", "-3"), "Cannot read --images '-3'"),
        (("--images", "some"), "Cannot read --images 'some'"),
        (("--table", "t.xlsx"), ".csv, .json or .html"),
        (("--confusion", "c.gif"), "Pictures are PNG files"),
    ],
)
def test_a_table_or_picture_that_there_is_not_is_refused_before_anything_is_computed(ask, files, options, said):
    assert said in refused(*ask(GOOD, *options))
    assert not (files / "transfers").exists()
