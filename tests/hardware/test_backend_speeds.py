from __future__ import annotations

from typing import get_args

import pytest

from bench.hardware.backend_speeds import Speeds, keep_speeds, kept_speeds
from bench.hardware.machine import Machine
from bench.spec import BackboneSpec, BackendName, DatasetSpec, RecipeSpec, RunSpec, TransformSpec

MACHINE = Machine("cpu", "Some CPU, 2 threads", 1.0, 1.0, {})
SPEEDS = Speeds({"eager": 100.0, "openvino": 200.0}, {"eager": 0.0, "openvino": 3.0}, {"compile": "No compiler."})


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))


def spec(**changes) -> RunSpec:
    made = {
        "dataset": DatasetSpec(name="cub", num_classes=200),
        "backbone": BackboneSpec(library="timm", architecture="resnet18"),
        "strategy": "linear",
        "recipe": RecipeSpec(),
        "transform": TransformSpec(image_size=224),
    }
    return RunSpec.model_validate({**made, **changes})


@pytest.mark.parametrize(("images", "soonest"), [(0, "eager"), (500, "eager"), (700, "openvino")])
def test_the_backend_that_is_through_first_is_taken_its_preparation_included(images, soonest):
    assert SPEEDS.soonest(images) == soonest


def test_what_was_measured_is_found_again_whatever_the_run_is_besides():
    assert kept_speeds(MACHINE, spec()) is None
    keep_speeds(MACHINE, spec(), SPEEDS)
    assert kept_speeds(MACHINE, spec(strategy="full", seed=3)) == SPEEDS


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "bf16"},
        {"transform": TransformSpec(image_size=96)},
        {"backbone": BackboneSpec(library="timm", architecture="resnet34")},
    ],
    ids=str,
)
def test_another_model_size_or_precision_is_measured_for_itself(changes):
    keep_speeds(MACHINE, spec(), SPEEDS)
    assert kept_speeds(MACHINE, spec(**changes)) is None


def test_another_machine_or_version_is_measured_for_itself(monkeypatch):
    keep_speeds(MACHINE, spec(), SPEEDS)
    assert kept_speeds(Machine("cpu", "Some CPU, 4 threads", 1.0, 1.0, {}), spec()) is None
    monkeypatch.setattr("bench.environment.version", lambda package: f"{package} 99")
    assert kept_speeds(MACHINE, spec()) is None


def test_a_damaged_measurement_is_made_anew():
    from bench.disk.home import bench_home

    keep_speeds(MACHINE, spec(), SPEEDS)
    for file in (bench_home() / "backends").iterdir():
        file.write_text("{")
    assert kept_speeds(MACHINE, spec()) is None


def test_planners_know_the_same_backends_as_the_table():
    from bench.train.frozen.backends import BACKENDS

    assert set(get_args(BackendName)) == {"auto", *BACKENDS}
