"""What was asked for, in words, whatever recorded it."""

import pytest
from swept_runs import REQUEST

from bench.records.runs import SweepRecord
from bench.report.sweeps.request import LONGEST, asked_for


def said(request, budget="total<=10M"):
    return dict(asked_for(SweepRecord("bench sweep", "cub100", budget, (), request=request)))


def test_a_request_is_written_in_the_words_of_the_command_line():
    assert said(REQUEST) == {
        "Dataset": "cub100",
        "Budget": "total<=10M",
        "Strategies": "linear, full",
        "Recipes": "default with lr=0.01",
        "Seeds": "3",
        "Pruning": "hopeless runs end early (successive halving on validation)",
        "Activations kept as": "fp32",
    }


def test_a_search_says_what_it_searches_and_how():
    tune = {
        "dataset": {"name": "cub100", "target": "kind", "subset": {"train": 5, "val": None}},
        "space": {"lr": "log:1e-4..1e-1"}, "metric": "val_loss", "sampler": "tpe", "seed": 0, "prune": False,
        "backbones": {"timm/resnet18": {}}, "recipe": {"name": "quick", "recipe": {"lr": 0.1}},
    }  # fmt: skip
    found = said({"tune": tune, "study": {"name": "cub-10m", "changes": {"epochs": 1}}})
    assert found["Dataset"] == "cub100, target kind, only train=5"
    assert (found["Searched"], found["To optimise"], found["Sampler"]) == ("lr log:1e-4..1e-1", "val_loss", "tpe")
    assert (found["Backbones"], found["Study"]) == ("timm/resnet18", "cub-10m, changed: epochs=1")
    assert found["Recipe"] == "quick"
    assert "Pruning" not in found


@pytest.mark.parametrize(
    "request_",
    [{}, {"seeds": 3, "limit": None}, {"tune": {}}, {"asked": None, "recipes": "x", "study": 7, "tune": []}],
)
def test_what_other_versions_recorded_is_shown_too(request_):
    assert said(request_)["Dataset"] == "cub100"


def test_what_is_not_known_yet_is_shown_by_its_name_and_what_is_long_is_cut():
    found = said({"future": {"a": [1, True]}, "strategies": ["s" * 1000]}, budget="")
    assert found["future"] == "a=1, true"
    assert found["Budget"] == "none"
    assert len(found["Strategies"]) < LONGEST + 20
