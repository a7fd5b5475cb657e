"""What `--backend` does to plans and sweeps: which runs it is part of, what `auto` takes, what is refused."""

from __future__ import annotations

import json
import sys

import pytest
from command_line import bench, refused

TINY = ("-m", "timm/test_efficientnet@none", "--image-size", "32", "-s", "linear,full")


@pytest.fixture
def sweep(tiny_folder, tmp_path, monkeypatch):
    """Sweep two strategies of a tiny network for an epoch; gives what `command_line.bench` gives."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))
    return lambda *more: bench("sweep", "-d", f"folder:{tiny_folder}", *TINY, "--epochs", "1", *more)


@pytest.fixture
def plan(tiny_folder):
    return lambda *more: bench("plan", "-d", f"folder:{tiny_folder}", *TINY, *more)


def rows():
    return bench("runs", "--json").data


def backends(planned):
    return {run["strategy"]: run["backend"] for run in planned.data["runs"]}


def test_it_is_part_of_the_identity_of_runs_with_a_frozen_part_alone(sweep, plan):
    assert sweep().code == 0  # reads the images, which are part of it too
    eager, compiled = (plan("--json", "--backend", name).data["runs"] for name in ("eager", "compile"))
    ids = [{run["strategy"]: run["run_id"] for run in runs} for runs in (eager, compiled)]
    assert ids[0]["linear"] != ids[1]["linear"]
    assert ids[0]["full"] == ids[1]["full"]


def test_a_sweep_with_another_backend_makes_features_of_its_own_and_shares_the_other_runs(sweep):
    pytest.importorskip("openvino")
    assert sweep().code == 0
    again = sweep("--backend", "openvino")
    assert "1 done, 1 done before" in again.stderr
    assert sorted((row["strategy"], row["backend"]) for row in rows()) == [
        ("full", "eager"),
        ("linear", "eager"),
        ("linear", "openvino"),
    ]
    listed = bench("cache", "list", "--json").data
    assert [entry["frontier"] for entry in listed].count("pooled") == 2


def test_where_nothing_may_be_kept_the_backend_is_no_part_of_any_run(sweep):
    pytest.importorskip("openvino")
    assert sweep("--cache-budget", "0", "--backend", "openvino").code == 0
    assert {row["backend"] for row in rows()} == {"eager"}


def test_auto_measures_once_keeps_the_answer_and_plans_show_it(sweep, plan, tmp_path, monkeypatch):
    from bench.train.frozen.backends import BACKENDS

    monkeypatch.delitem(BACKENDS, "compile")  # it takes long
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert sweep("-s", "full").code == 0  # reads the images; plans know runs from now on
    before = plan("--json", "--backend", "auto")
    assert backends(before) == {"linear": "auto", "full": "eager"}
    assert [run["run_id"] for run in before.data["runs"] if run["backend"] == "auto"] == [None]
    assert "measured where a sweep begins: timm/test_efficientnet" in plan("--backend", "auto").stdout
    done = sweep("--backend", "auto")
    assert (
        "timm/test_efficientnet: backend eager. Images/s: eager" in done.stderr
    )  # no conversion pays for 68 images
    assert "The backend onnxruntime is not installed." in done.stderr
    kept = list((tmp_path / "home" / "backends").iterdir())
    assert len(kept) == 1
    assert backends(plan("--json", "--backend", "auto"))["linear"] == "eager"
    slow = {"images_per_s": {"eager": 1.0, "openvino": 9.0}, "prepared_s": {"eager": 0.1, "openvino": 5.0}}
    kept[0].write_text(json.dumps(slow))
    assert backends(plan("--json", "--backend", "auto"))["linear"] == "openvino"


def test_a_backend_that_is_not_installed_is_named_with_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    error = refused("sweep", "-d", "digits", *TINY, "--backend", "openvino")
    assert "The backend openvino is not installed." in error
    assert "pip install 'backbone-bench[openvino]'" in error


def test_a_misspelt_backend_is_refused_with_the_names_there_are():
    error = refused("plan", "-d", "digits", *TINY, "--backend", "openvno")
    assert "Valid: auto, compile, eager, onnxruntime, openvino." in error


def test_a_precision_that_a_backend_has_not_is_refused(sweep):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    ended = sweep("--backend", "onnxruntime", "--set", "precision=bf16")
    assert ended.code == 2
    assert "The backend onnxruntime does not compute in bf16." in ended.stderr
