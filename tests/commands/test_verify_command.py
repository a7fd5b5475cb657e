"""`bench verify` finds whatever changed in a database or its files, and nothing where nothing did."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
from command_line import bench

from bench.disk.checksum import forget_verified

NET = ("-m", "timm/test_efficientnet@none", "--image-size", "32", "--epochs", "1", "--set", "batch_size=8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """Runs from kept features and from prepared images, an ensemble, and an interrupted run."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_HOME", str(place / "home"))
        db = ("--db", str(place / "runs.db"))
        sweep = ("sweep", "--dataset", f"folder:{tiny_folder}", *db, *NET)
        assert bench(*sweep, "-s", "linear,full").code == 0
        assert (
            bench("ensemble", "--pool", "--rule", "soft", "--dataset", f"folder:{tiny_folder.name}", *db).code == 0
        )
        more = (*sweep[:-4], "--epochs", "9", "--set", "batch_size=8", "-s", "full", "--time-limit", "0.01s")
        assert bench(*more).code == 130
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to damage, looked at as a new process does."""
    copied = tmp_path / "place"
    shutil.copytree(made, copied)
    monkeypatch.setenv("BENCH_HOME", str(copied / "home"))
    forget_verified()
    return copied


def verify(place: Path, *more: str) -> tuple[int, dict[str, Any]]:
    ended = bench("verify", "--db", place / "runs.db", "--json", *more)
    return ended.code, json.loads(ended.stdout)


def wrong(place: Path) -> list[str]:
    forget_verified()
    code, record = verify(place)
    found = sorted({finding["kind"] for finding in record["found"] if finding["wrong"]})
    assert code == (1 if found else 0)
    assert all(finding["what"] and finding["todo"] for finding in record["found"])
    return found


def flip(path: Path, share: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(share * (len(content) - 1))] ^= 4
    path.write_bytes(content)


def test_nothing_is_wrong_with_what_was_just_made(place: Path) -> None:
    code, record = verify(place)
    assert (code, record["found"]) == (0, [])
    counted = record["checked"]
    assert counted["run ids"] == 3
    assert counted["predictions"] == counted["metrics"] == counted["weights"] == 2
    assert counted["ensembles"] == counted["checkpoints"] == counted["kept features"] == 1
    assert counted["prepared images"] == 3
    assert "Nothing is wrong" in bench("verify", "--db", place / "runs.db").stdout


@pytest.mark.parametrize("share", [0.0, 0.001, 0.4, 0.999, 1.0])
@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("runs.db.files/predictions/*.npz", "predictions"),
        ("runs.db.files/models/*.safetensors", "weights"),
        ("runs.db.files/checkpoints/*.pt", "checkpoints"),
        ("home/features/*/*.npy", "kept features"),
        ("home/features/*/meta.json", "kept features"),
        ("home/images/*.npy", "prepared images"),
    ],
)
def test_a_byte_flipped_anywhere_in_any_file_is_found(place: Path, pattern: str, kind: str, share: float) -> None:
    flip(next(iter(sorted(place.glob(pattern)))), share)
    code, record = verify(place)
    known = {finding["kind"] for finding in record["found"]}
    assert kind in known
    assert code == 1 or {finding["todo"] for finding in record["found"]} != set()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE runs SET spec = replace(spec, '\"seed\":0', '\"seed\":1') WHERE strategy = 'full'", "run ids"),
        ("UPDATE runs SET strategy = 'norm' WHERE strategy = 'full'", "run ids"),
        ("UPDATE runs SET group_id = run_id", "run ids"),
        ("UPDATE runs SET test_top1 = test_top1 + 0.01 WHERE status = 'done'", "metrics"),
        ("UPDATE runs SET val_loss = val_loss * 1.001 WHERE status = 'done'", "metrics"),
        ("UPDATE ensembles SET test_top1 = test_top1 - 0.05", "ensembles"),
        ("UPDATE artifacts SET checksum = 'xxh3:0' WHERE kind = 'predictions'", "predictions"),
    ],
)
def test_a_changed_row_is_found(place: Path, statement: str, kind: str) -> None:
    with sqlite3.connect(place / "runs.db") as database:
        assert database.execute(statement).rowcount > 0
    assert kind in wrong(place)


def test_files_without_a_run_and_runs_without_files_are_found(place: Path) -> None:
    files = place / "runs.db.files"
    (files / "predictions" / f"{'a' * 64}.npz").write_bytes(b"whose?")
    assert wrong(place) == ["files"]
    (files / "predictions" / f"{'a' * 64}.npz").unlink()
    next((files / "models").glob("*.safetensors")).unlink()
    assert wrong(place) == ["weights"]
    for path in (files / "predictions").glob("*.npz"):
        path.unlink()
    assert wrong(place) == ["ensembles", "predictions", "weights"]


def test_what_killed_processes_left_is_found(place: Path) -> None:
    done = next((place / "runs.db.files" / "predictions").glob("*.npz"))
    (done.parent / f".{done.name}.x1y2.tmp").write_bytes(b"half")
    assert wrong(place) == ["files"]


def test_entries_of_before_there_were_checksums_are_no_fault(place: Path) -> None:
    meta = next((place / "home" / "features").glob("*/meta.json"))
    content = json.loads(meta.read_text())["content"]
    meta.write_text(json.dumps({key: value for key, value in content.items() if key != "sums"}))
    with sqlite3.connect(place / "runs.db") as database:
        database.execute("DELETE FROM artifacts")
    code, record = verify(place)
    assert code == 0
    assert [(finding["kind"], finding["wrong"]) for finding in record["found"]] == [("kept features", False)]
    with sqlite3.connect(place / "runs.db") as database:
        assert database.execute("SELECT count(*) FROM artifacts").fetchone() == (4,)


def test_a_database_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    ended = bench("verify", "--db", tmp_path / "none.db")
    assert ended.code == 2
    assert ended.stderr.startswith("error: ")


def test_the_home_is_left_out_if_that_is_asked_for(place: Path) -> None:
    flip(next((place / "home" / "images").glob("*.npy")), 0.5)
    assert verify(place, "--no-home")[0] == 0
    shown = bench("verify", "--db", place / "runs.db")
    assert shown.code == 1
    assert "wrong: prepared images" in shown.stdout
    assert "1 finding." in shown.stdout
