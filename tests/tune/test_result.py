"""Which parameters mattered, and how the best trial is written as a sweep."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.registry.search_keys import read_space
from bench.store.location import Location, locate
from bench.store.store import Store
from bench.store.worker import new_worker
from bench.tune.result import ENOUGH, importances, repeat_command, settings_text
from bench.tune.space import Proposal, Space
from bench.tune.study import Definition, opened
from bench.tune.trials import Tried

SPACE = Space(("a",), {"linear": read_space({"lr": "0.1..1", "dropout": "0..0.5"})})


@pytest.fixture
def where(tmp_path: Path) -> Location:
    Store.open(tmp_path / "runs.db").close()
    return locate(tmp_path / "runs.db")


def shares(where: Location, count: int, worth: Callable[[Proposal], float]) -> dict[str, float]:
    definition = Definition(
        SPACE.described, "val_top1", "random", 0, prune=False, request={"dataset": {"name": "d"}}
    )
    with opened(where, "study", definition, "", {}) as trials:
        for _ in range(count):
            number = trials.begin(new_worker().process)
            proposal = trials.propose(number, SPACE)
            assert proposal is not None
            trials.tell_done(number, worth(proposal))
        return importances(trials)


def test_the_parameter_that_decides_explains_the_variance(where: Location) -> None:
    found = shares(where, 20, lambda proposal: proposal.settings["lr"])
    assert found["lr"] > 0.8
    assert found.keys() == {"lr", "dropout"}  # what has one value explains nothing, and is not listed
    assert sum(found.values()) == pytest.approx(1)


def test_few_trials_say_nothing_of_importance(where: Location) -> None:
    assert shares(where, ENOUGH - 1, lambda proposal: proposal.settings["lr"]) == {}


def test_trials_that_are_all_worth_the_same_say_nothing_of_importance(where: Location) -> None:
    assert shares(where, ENOUGH, lambda _: 0.5) == {}


def test_the_command_survives_the_shell() -> None:
    best = Tried(0, "done", 0.5, {"backbone": "timm/resnet18@none", "strategy": "last_blocks(1)+norm"})
    changed = {"lr": 1.5e-05, "head": ["dropout(0.2)", "linear"], "early_stopping": None, "optimizer": "sgd"}
    command = repeat_command(best, changed, ["--dataset", "folder:my birds"], "quick")
    assert shlex.split(command) == [
        "bench", "sweep", "--dataset", "folder:my birds", "--backbones", "timm/resnet18@none",
        "--strategies", "last_blocks(1)+norm", "--recipe", "quick", "--set", "lr=1.5e-05",
        "--set", 'head=["dropout(0.2)","linear"]', "--set", "early_stopping=null", "--set", "optimizer=sgd",
        "--seeds", "3",
    ]  # fmt: skip


def test_what_a_trial_tries_is_a_line_without_its_names() -> None:
    settings = {"backbone": "a", "strategy": "linear", "lr": 0.1, "augment": ["horizontal_flip"]}
    assert settings_text(settings) == 'lr=0.1 augment=["horizontal_flip"]'
