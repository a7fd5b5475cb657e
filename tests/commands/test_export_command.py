import csv
import io
import json
import subprocess
import sys

import pandas as pd
import pytest
from PIL import Image
from plausible_runs import CPU, GPU, MODELS, make_planned, record_done, record_ended
from predicted_runs import planned, predictions, record_predicted

from bench.commands.export import export
from bench.commands.leaderboard import leaderboard
from bench.errors import BenchError
from bench.spec import DatasetSpec
from bench.store.store import Store


@pytest.fixture(scope="module")
def several_db(tmp_path_factory):
    """Two datasets, one of them on two hardwares, and a run with predictions."""
    path = tmp_path_factory.mktemp("several") / "runs.db"
    other = DatasetSpec(name="pets & co", num_classes=100, fingerprint="6a" * 32)
    with Store.open(path) as store:
        record_done(store, [make_planned(model, "linear", seed) for model in MODELS[:3] for seed in (0, 1)])
        record_done(store, [make_planned(model, "full") for model in MODELS[:2]], hardware=GPU, speed=20.0)
        record_done(store, [make_planned(model, "linear", dataset=other) for model in MODELS[:2]])
        record_predicted(store, planned(6), predictions(6))
        record_ended(store, make_planned(MODELS[4], "full"), "failed", ValueError("no"))
    return path


def lines(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_table_prints_as_csv_unless_asked_otherwise(call, typical_db):
    text = call(export, "leaderboard", "--db", typical_db).stdout
    assert text == call(leaderboard, "--db", typical_db, "--csv").stdout
    assert text == call(export, "leaderboard", "--db", typical_db, "-o", "-").stdout


@pytest.mark.parametrize(("form", "flag"), [("json", "--json"), ("markdown", "--markdown"), ("csv", "--csv")])
def test_it_is_what_the_leaderboard_prints(call, typical_db, form, flag):
    shown = call(leaderboard, "--db", typical_db, flag, "--cost", "gmacs", "--strategy", "linear").stdout
    assert call(export, "leaderboard", "--db", typical_db, "--format", form, "--cost", "gmacs",
                "--strategy", "linear").stdout == shown  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "json", "md", "tex", "parquet"])
def test_the_ending_of_the_file_is_its_format(call, several_db, tmp_path, ending):
    path = tmp_path / "new" / f"board.{ending}"
    assert call(export, "leaderboard", "--db", several_db, "-o", path).stdout.strip() == str(path)
    read = {
        "csv": lambda: len(lines(path.read_text())),
        "json": lambda: len(json.loads(path.read_text())),
        "md": lambda: path.read_text().count("\n| ") - 3 * 2,
        "tex": lambda: path.read_text().count(" \\\\ % "),
        "parquet": lambda: len(pd.read_parquet(path)),
    }
    assert read[ending]() == 8


def test_several_boards_in_one_csv_say_which_is_which(call, several_db):
    rows = lines(call(export, "leaderboard", "--db", several_db, "--sort", "standalone_s").stdout)
    assert {row["dataset"] for row in rows} == {"cub100", "pets & co", "birds"}
    assert {row["hardware"] for row in rows if row["dataset"] == "cub100"} == {CPU, GPU}
    assert all(row["target"] == "label" and row["run_ids"] for row in rows)


def test_times_of_different_hardware_never_share_a_front(call, several_db):
    rows = lines(call(export, "front", "--db", several_db, "--cost", "standalone_s", "--dataset", "cub100").stdout)
    cpu, gpu = ([row for row in rows if row["hardware"] == name] for name in (CPU, GPU))
    dominated = [
        (one, other)
        for one in gpu
        for other in cpu
        if float(other["val_top1"]) > float(one["val_top1"])
        and float(other["standalone_s"]) < float(one["standalone_s"])
    ]
    assert dominated


def test_a_front_is_the_marked_rows_cheapest_first(call, typical_db):
    marked = [
        row for row in lines(call(leaderboard, "--db", typical_db, "--csv").stdout) if row["pareto"] == "True"
    ]
    rows = lines(call(export, "front", "--db", typical_db).stdout)
    assert sorted(row["group_id"] for row in rows) == sorted(row["group_id"] for row in marked)
    assert [int(row["trainable_params"]) for row in rows] == sorted(int(row["trainable_params"]) for row in marked)


def test_runs_are_every_run_whatever_became_of_it(call, several_db):
    rows = lines(call(export, "runs", "--db", several_db).stdout)
    assert {row["status"] for row in rows} == {"done", "failed"}
    assert [row["val_top1"] for row in rows if row["status"] == "failed"] == [""]


def test_epochs_are_of_all_runs_or_of_one(call, several_db):
    rows = lines(call(export, "epochs", "--db", several_db).stdout)
    (first, *_) = rows
    own = lines(call(export, "epochs", first["run_id"][:12], "--db", several_db).stdout)
    assert own == [row for row in rows if row["run_id"] == first["run_id"]]
    assert [int(row["epoch"]) for row in own] == list(range(1, len(own) + 1))


def test_several_boards_have_a_picture_each(call, several_db, tmp_path):
    paths = call(export, "pareto", "--db", several_db, "-o", tmp_path / "p.png", "--dpi", 60).stdout.split()
    assert [path.rpartition("/")[2] for path in paths] == ["p-birds.png", "p-cub100.png", "p-pets-co.png"]
    assert all(Image.open(path).size[0] > 300 for path in paths)


@pytest.mark.parametrize("what", ["curves", "confusion", "classes", "calibration"])
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_every_picture_of_a_run_comes_in_every_form(call, several_db, tmp_path, what, ending):
    with Store.open(several_db, create=False) as store:
        run = next(row.run_id for row in store.rows() if row.dataset == "birds")
    path = tmp_path / f"one.{ending}"
    call(export, what, run[:12], "--db", several_db, "-o", path, "--dpi", 60)
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert path.read_bytes().startswith(begins[ending])


def test_the_same_numbers_make_the_same_bytes(call, typical_db, tmp_path):
    paths = [tmp_path / name for name in ("a.svg", "b.svg", "a.pdf", "b.pdf")]
    for path in paths:
        call(export, "pareto", "--db", typical_db, "-o", path)
    first, again, pdf, pdf_again = (path.read_bytes() for path in paths)
    assert first == again
    assert pdf == pdf_again


def test_an_empty_database_gives_headings_and_no_rows(call, tmp_path):
    Store.open(tmp_path / "runs.db").close()
    for what in ("leaderboard", "front", "runs", "epochs"):
        text = call(export, what, "--db", tmp_path / "runs.db").stdout
        assert text.count("\n") == 1
        assert "strategy" in text
    assert json.loads(call(export, "runs", "--db", tmp_path / "runs.db", "--format", "json").stdout) == []
    with pytest.raises(BenchError, match="There is nothing to draw"):
        call(export, "pareto", "--db", tmp_path / "runs.db", "-o", tmp_path / "x.png")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("leaderbord",), "Did you mean leaderboard"),
        (("leaderboard", "3fa9"), "leaderboard is not of one run"),
        (("curves",), "curves is a picture of one run"),
        (("leaderboard", "-o", "x.png"), "leaderboard cannot be written as png"),
        (("runs", "--format", "latex"), "runs cannot be written as latex"),
        (("pareto", "-o", "x.csv"), "pareto cannot be written as csv"),
        (("leaderboard", "-o", "x.xlsx"), "The ending of 'x.xlsx' names no format"),
        (("leaderboard", "--format", "xml"), "Unknown format 'xml'"),
        (("leaderboard", "--format", "parquet"), "parquet is not printed"),
        (("pareto",), "png is not printed"),
        (("pareto", "-o", "x.png", "--height", "test"), "Unknown height 'test'"),
        (("leaderboard", "--dataset", "cub10"), "Did you mean cub100"),
        (("leaderboard", "--cost", "test_top1"), "Unknown cost 'test_top1'"),
        (("confusion", "3fa9", "-o", "x.png", "--split", "train"), "Unknown split 'train'"),
    ],
)
def test_bad_input_is_an_error_in_three_parts(call, typical_db, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BenchError) as error:
        call(export, *arguments, "--db", typical_db)
    assert said in str(error.value)
    assert all((error.value.what, error.value.why, error.value.todo))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_an_error_in_three_parts(call, typical_db, tmp_path):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(BenchError, match="Cannot write"):
        call(export, "leaderboard", "--db", typical_db, "-o", tmp_path / "x.csv")


def test_a_csv_needs_neither_torch_nor_pandas_nor_matplotlib(typical_db):
    code = (
        "import sys; from bench.commands.export import export; "
        f"export('leaderboard', db={str(typical_db)!r}); "
        "sys.exit(' '.join({'torch', 'pandas', 'matplotlib', 'plotly', 'timm'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "others",
    [
        [{"name": "cub100", "val_fraction": 0.25}],
        [{"name": "CUB100"}, {"name": "cub 100"}, {"name": "cub-100"}],
        [{"name": "\u732b"}, {"name": "\u72ac"}, {"name": "..."}, {"name": "///"}],
    ],
)
def test_no_picture_overwrites_one_beside_it(call, tmp_path, others):
    data = DatasetSpec(name="cub100", num_classes=100, fingerprint="5f" * 32)
    with Store.open(tmp_path / "runs.db") as store:
        for changed in ({}, *others):
            own = data.model_copy(update=changed)
            record_done(store, [make_planned(model, "linear", dataset=own) for model in MODELS[:2]])
    shown = call(export, "pareto", "--db", tmp_path / "runs.db", "-o", tmp_path / "figures" / "p.png").stdout
    files = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert len({name.casefold() for name in files}) == len(shown.splitlines()) == len(others) + 1
