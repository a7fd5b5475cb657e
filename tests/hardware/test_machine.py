from __future__ import annotations

from typing import get_args

import pytest

from bench.errors import BenchError
from bench.hardware import device as devices
from bench.hardware.machine import machine
from bench.spec import PrecisionAsked


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    return tmp_path


def test_a_machine_is_measured_once_and_again_where_the_measurement_is_damaged(home):
    first = machine("cpu")
    assert first.forward_s > 0
    assert first.train_s > 0
    assert machine("cpu") == first
    (kept,) = (home / "machines").iterdir()
    kept.write_text("{}")
    assert machine("cpu").device == "cpu"
    assert kept.read_text() != "{}"


@pytest.mark.parametrize("setting", ["CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"])
def test_a_measurement_does_not_count_for_other_gpus_or_threads(home, monkeypatch, setting):
    machine("cpu")
    monkeypatch.setenv(setting, "3")
    machine("cpu")
    assert len(list((home / "machines").iterdir())) == 2


def test_a_machine_resolves_precisions_as_its_device_does(home):  # noqa: ARG001 - keeps the measurement
    device = devices.pick("cpu")
    for asked in get_args(PrecisionAsked):
        assert machine("cpu").precision_for(asked) == devices.precision_for(device, asked)[0]


def test_falling_back_to_another_precision_is_said():
    assert devices.precision_for(devices.pick("cpu"), "auto") == ("fp32", None)
    used, message = devices.precision_for(devices.pick("cpu"), "fp16")
    assert used == "fp32"
    assert "fp16" in message


@pytest.mark.parametrize("name", ["gpu", "cuda:99", ""])
def test_a_device_that_cannot_be_used_is_an_error_that_says_what_to_take(name):
    with pytest.raises(BenchError) as caught:
        devices.pick(name)
    assert repr(name) in caught.value.what
    assert "--device" in caught.value.todo
