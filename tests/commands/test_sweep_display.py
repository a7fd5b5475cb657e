"""What a sweep shows while its runs train."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from io import StringIO

from example_runs import epoch, plans
from rich.console import Console

from bench.commands.display import sweep_progress as sweep_display
from bench.commands.display.sweep_progress import Display, Plain, describe
from bench.errors import BenchError


def shown(display: Display) -> str:
    display.console.print(display._render())
    assert isinstance(display.console.file, StringIO)
    text = display.console.file.getvalue()
    display.console.file.truncate(0)
    display.console.file.seek(0)
    return text


def display_of(count: int) -> tuple[Display, list]:
    runs, _ = plans(count)
    return Display(Console(file=StringIO(), width=140), runs), runs


def test_one_line_tells_how_many_heads_train_together_their_epoch_and_the_best_of_them() -> None:
    display, runs = display_of(5)
    for run in runs[:3]:
        display.started(run, 1)
    for run, top1 in zip(runs, (0.5, 0.91, 0.7), strict=False):
        display.epoch(run, epoch(2, top1))
    text = shown(display)
    assert "1/5" in text
    assert "linear, 3 heads together" in text
    assert f"epoch 2 of at most {runs[0].spec.recipe.epochs}" in text
    assert "best val 91.0 %" in text
    assert "left for the sweep" in text
    assert len(text.strip().splitlines()) == 2


def test_the_line_goes_on_with_those_that_are_left() -> None:
    display, runs = display_of(5)
    for run in runs[:3]:
        display.started(run, 1)
    for run in runs[:2]:
        display.ended(run, "diverged", BenchError("It diverged."))
    display.epoch(runs[2], epoch(3, 0.625))
    text = shown(display)
    assert "3/5" in text
    assert "together" not in text
    assert "seed 0" in text
    assert "val 62.5 %" in text
    display.ended(runs[2], "failed", BenchError("No."))
    assert "left for the sweep" not in shown(display)


def test_what_is_left_shrinks_as_the_runs_get_on() -> None:
    display, runs = display_of(2)
    for run in runs:
        display.started(run, 1)
    fractions = []
    for number in (1, 2):
        display.step(1, 2)
        fractions.append(sum(map(display._fraction, runs)))
        for run in runs:
            display.epoch(run, epoch(number))
        fractions.append(sum(map(display._fraction, runs)))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 2 * 2 / runs[0].spec.recipe.epochs


def test_a_run_that_another_process_took_over_is_shown_no_more() -> None:
    display, runs = display_of(3)
    for run in runs[:2]:
        display.started(run, 1)
    display.lost(runs[0])
    assert "together" not in shown(display)


def test_runs_of_several_recipes_are_told_apart() -> None:
    runs, _ = plans(1)
    assert describe(runs[0]) == "efficientnet_b0 linear seed 0"
    assert describe(replace(runs[0], recipe_name="probe")) == "efficientnet_b0 linear (probe) seed 0"


def plain_of(count: int) -> tuple[Plain, list, StringIO]:
    runs, _ = plans(count)
    stream = StringIO()
    return Plain(Console(file=stream, width=140), runs), runs, stream


def test_off_a_terminal_a_quick_run_has_no_line_of_progress() -> None:
    plain, runs, stream = plain_of(3)
    with plain:
        for run in runs:
            plain.started(run, 1)
            plain.epoch(run, epoch(1))
            plain.step(1, 2)
        plain.features(1, 2)
    assert stream.getvalue() == ""


def test_off_a_terminal_long_work_has_a_line_of_progress_now_and_then(monkeypatch) -> None:
    monkeypatch.setattr(sweep_display, "PROGRESS_EVERY_S", 0.04)
    plain, runs, stream = plain_of(3)
    with plain:
        plain.started(runs[0], 1)
        plain.features(1200, 5000)
        for _ in range(500):
            if stream.getvalue().count("\n") > 1:
                break
            time.sleep(0.02)
    lines = stream.getvalue().splitlines()
    assert len(lines) > 1
    assert lines[0].startswith("working   1/3  efficientnet_b0 linear seed 0  frozen pass, image 1,200 of 5,000")


def test_no_time_is_foretold_before_the_work_has_shown_how_fast_it_is(monkeypatch) -> None:
    display, runs = display_of(2)
    display.started(runs[0], 1)
    display.step(1, 2)
    assert "estimating what is left" in shown(display)
    monkeypatch.setattr(display, "begun", time.monotonic() - 60)
    display.step(9, 10)
    display.epoch(runs[0], epoch(3))
    assert re.search(r"gone, [\d.]+( \w+)? to [\d.]+ \w+ left for the sweep", shown(display))
