import json

import pytest
from command_line import bench, refused
from predicted_runs import planned, predictions, record_predicted

from bench.store.store import Store


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = tmp_path_factory.mktemp("looked") / "runs.db"
    with Store.open(path) as store:
        record_predicted(store, planned(12), predictions(12, n=240))
        record_predicted(store, planned(12, seed=1), predictions(12, seed=1, n=240, skill=1.0))
    return path


@pytest.fixture(scope="module")
def run():
    return planned(12).spec.run_id[:12]


def test_without_a_folder_a_summary_is_printed(db, run):
    text = bench("look", run, "--db", db, columns=100).stdout
    for part in ("Epochs", "On 240 test images", "Most often taken for another", "Weakest classes", "Reliability"):
        assert f"\n{part}\n" in text
    assert "Classes are shown by their numbers" in text
    assert max(map(len, text.splitlines())) <= 100


def test_only_what_is_asked_for_is_shown(db, run):
    text = bench("look", run, "--db", db, "--what", "classes", "--split", "val").stdout
    assert "On 80 val images" in text
    assert "Weakest classes" in text
    assert "Reliability" not in text


def test_json_holds_every_number(db, run):
    data = bench("look", run, "--db", db, "--json").data
    assert len(data["heads"]["label"]["matrix"]) == 12
    assert data["split"] == "test"


def test_files_are_written_and_their_paths_are_all_that_stdout_gets(db, run, tmp_path):
    ended = bench("look", run, "--db", db, "--out", tmp_path / "new" / "folder", "--format", "json,html")
    names = [f"{run}-test.html", f"{run}-test.json"]
    assert ended.stdout.splitlines() == [str(tmp_path / "new" / "folder" / name) for name in names]
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == names
    assert ended.stderr.startswith("note: Classes are shown by their numbers")
    assert json.loads((tmp_path / "new" / "folder" / names[1]).read_text("utf-8"))["split"] == "test"


def test_dots_per_inch_are_those_of_the_picture(db, run, tmp_path):
    from PIL import Image

    sizes = []
    for dpi in (50, 100):
        bench(
            "look", run, "--db", db, "-o", tmp_path / str(dpi), "--format", "png", "--what", "curves", "--dpi", dpi
        )
        sizes.append(Image.open(tmp_path / str(dpi) / f"{run}-curves.png").width)
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--split", "train"), "Unknown split 'train'."),
        (("--what", "curvs"), "Unknown part 'curvs'."),
        (("--what", ""), "--what is empty."),
        (("--format", "png"), "--format writes files."),
        (("--format", "pgn", "--out", "x"), "Unknown format 'pgn'."),
        (("--json", "--out", "x"), "cannot go together"),
        (("--dpi", "9999"), "'--dpi'"),
        (("--out", __file__), "Cannot write into"),
    ],
)
def test_what_makes_no_sense_is_refused(db, run, words, said):
    assert said in refused("look", run, "--db", db, *words)


def test_two_runs_are_compared(db, run):
    other = planned(12, seed=1).spec.run_id
    text = bench("compare", run, other, "--db", db, columns=100).stdout
    assert "A is better on these images" in text
    for part in ("What differs", "Measured", "Accuracy on test", "Classes that differ most"):
        assert f"\n{part}\n" in text
    assert "seed" in text.partition("Measured")[0]
    assert max(map(len, text.splitlines())) <= 100
    assert bench("compare", run, other, "--db", db, "--json").data["heads"][0]["test"]["n"] == 240


def test_a_run_compared_with_itself_is_refused(db, run):
    assert "Both are the same run." in refused("compare", run, run, "--db", db)
    assert "No run begins with" in refused("compare", run, "zzz", "--db", db)


def test_help_has_an_example():
    assert "Example: bench look 3fa9c1" in bench("look", "--help").stdout
    assert "Example: bench compare 3fa9c1" in bench("compare", "--help").stdout
