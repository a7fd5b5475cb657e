"""The gauge sees other processes' work, not our own, and keeps the best time of its product."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch
from busy_processes import busy_processes

from bench.hardware.gauge import FRESH_S, Counters, Gauge, Product, load_between, read_counters

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    return tmp_path


def compute_for(seconds: float) -> None:
    ones, end = torch.ones(256, 256), time.monotonic() + seconds
    while time.monotonic() < end:
        ones @ ones


def test_busy_processes_are_seen_as_load_and_disturb():
    gauge = Gauge(CPU)
    with busy_processes():
        mark = gauge.mark()
        compute_for(2.0)
        found = gauge.since(mark, cpu_s=1.5)
    assert found.cpu_s == 1.5
    assert found.load is not None
    assert found.load > 0.5
    assert found.disturbed


def test_ones_own_work_is_not_counted_as_that_of_others():
    began = read_counters()
    compute_for(1.5)
    ended = read_counters()
    load = load_between(began, ended)
    assert load is not None
    everything = (ended.busy_s - began.busy_s) / (ended.at - began.at)
    own = (ended.own_s - began.own_s) / (ended.at - began.at)
    assert own > 0
    assert load == pytest.approx(max(0.0, everything - own))


def test_counters_that_stand_still_tell_no_load():
    assert load_between(Counters(0.0, 5.0, 5.0, 1.0), Counters(2.0, 5.0, 5.0, 3.0)) is None
    assert load_between(Counters(1.0, 5.0, 5.0, 1.0), Counters(1.0, 6.0, 6.0, 1.0)) is None
    assert load_between(Counters(0.0, 5.0, 5.0, 1.0), Counters(2.0, 8.0, 6.0, 2.0)) == 1.0


def test_what_takes_less_than_a_second_is_judged_by_the_load_of_a_whole_one():
    gauge = Gauge(CPU)
    time.sleep(1.2)
    gauge.mark()
    time.sleep(0.3)
    mark = gauge.mark()
    found = gauge._begin(mark.counters, gauge._counters())
    assert gauge._seen[-1].at - found.at >= 1.0


def test_the_best_time_of_the_product_is_kept_for_each_number_of_threads(home):
    Product(CPU).slowdown()
    (kept,) = (home / "machines").iterdir()
    best = json.loads(kept.read_text())
    assert list(best) == [str(torch.get_num_threads())]
    kept.write_text(json.dumps({threads: seconds / 1e6 for threads, seconds in best.items()}))
    assert Product(CPU).slowdown() > 10, "against a much faster machine"
    kept.write_text(json.dumps({threads: seconds * 1e6 for threads, seconds in best.items()}))
    assert Product(CPU).slowdown() == 1.0, "it has become the best itself"
    assert json.loads(kept.read_text()) != {threads: seconds * 1e6 for threads, seconds in best.items()}


@pytest.mark.parametrize("damaged", ["", "{", "[1, 2]", '{"a": 1}', '{"1": -3, "2": 0, "4": "x"}'])
def test_a_file_that_is_damaged_is_made_anew(home, damaged):
    Product(CPU).slowdown()
    (kept,) = (home / "machines").iterdir()
    kept.write_text(damaged)
    assert Product(CPU).slowdown() >= 1.0
    assert json.loads(kept.read_text())[str(torch.get_num_threads())] > 0


def test_a_sample_holds_for_some_seconds(monkeypatch):
    product = Product(CPU)
    first = product.slowdown()
    assert product.slowdown() == first
    calls: list[int] = []
    monkeypatch.setattr(Product, "_sample", lambda *_: calls.append(1) or 1.0)
    product.slowdown()
    assert calls == []
    later = time.monotonic() + 1000 * FRESH_S
    monkeypatch.setattr("bench.hardware.gauge.time.monotonic", lambda: later)
    product.slowdown()
    assert calls == [1]
