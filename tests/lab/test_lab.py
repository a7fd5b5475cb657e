"""The Python API: every example of its docstrings runs, and its keywords mean what the options mean."""

from __future__ import annotations

import doctest
import inspect

import pytest

import bench
from bench.errors import BenchError
from bench.lab.keywords import PlanKeywords, TrainKeywords, options_of
from bench.lab.lab import Lab

EXAMPLES = sorted(
    (test for test in doctest.DocTestFinder(recurse=True).find(Lab, "Lab") if test.examples),
    key=lambda test: test.lineno or 0,
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, bench_home):
    assert bench_home
    place = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        yield bench.open("runs.db", device="cpu")


def test_every_example_runs_in_order(lab):
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    shared = {"lab": lab}
    said: list[str] = []
    for test in EXAMPLES:
        test.globs = shared
        runner.run(test, out=said.append, clear_globs=False)
    assert runner.failures == 0, "".join(said)


def test_every_public_method_has_an_example():
    public = {name for name, _ in inspect.getmembers(Lab, inspect.isfunction) if not name.startswith("_")}
    assert public == {test.name.partition(".")[2] for test in EXAMPLES}


def test_every_keyword_is_an_option_of_the_command_line():
    from typer.main import get_command

    from bench.__main__ import app

    sweep = get_command(app).commands["sweep"]
    flags = {flag for option in sweep.params for flag in (*option.opts, *option.secondary_opts)}
    named = {
        f"--{name.replace('_', '-')}" for name in TrainKeywords.__annotations__ | PlanKeywords.__annotations__
    }
    assert named <= flags


def test_keywords_are_written_as_the_command_line_writes_them():
    asked, train = options_of(
        {
            "set": {"lr": [1e-3, 0.1], "optimizer": "sgd"},
            "strategies": "linear,last_blocks(1)",
            "all": True,
            "workers": 0,
        },
        TrainKeywords,
    )
    assert asked.overrides == ["lr=0.001,0.1", "optimizer=sgd"]
    assert asked.strategies == ["linear", "last_blocks(1)"]
    assert (asked.everything, train) == (True, {"workers": 0})


@pytest.mark.parametrize("keyword", ["lrs", "device", "db", "overrides", "workers"])
def test_a_plan_takes_no_keyword_that_is_no_option_of_it(keyword):
    with pytest.raises(TypeError, match=keyword):
        bench.open("runs.db").plan("digits", **{keyword: 1})


def test_an_unknown_keyword_is_a_type_error_and_a_wrong_value_an_error_in_three_parts():
    with pytest.raises(TypeError, match="lrs"):
        bench.open("runs.db").plan("digits", lrs=3)
    with pytest.raises(BenchError) as error:
        bench.open("runs.db").plan("digits", backbones="no_such_net")
    assert all((error.value.what, error.value.why, error.value.todo))
