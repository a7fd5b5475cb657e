"""A recipe of the L-BFGS probe says nothing that would be ignored."""

from __future__ import annotations

from typing import Any

import pytest

from bench.errors import RecipeError
from bench.plan.probe import check_probe
from bench.plan.recipes import for_strategy
from bench.registry.entries import RecipeEntry
from bench.registry.loading import Registry
from bench.spec import RecipeSpec


@pytest.fixture(scope="module")
def entry() -> RecipeEntry:
    return Registry.load().get(RecipeEntry, "probe")


def test_the_shipped_recipe_is_served(entry: RecipeEntry) -> None:
    check_probe(for_strategy(entry, "linear", {}), "linear")
    check_probe(for_strategy(entry, "linear", {"epochs": 29, "select": "val_loss", "image_size": 96}), "linear")


def test_other_optimizers_are_not_looked_at() -> None:
    check_probe(RecipeSpec(lr=0.5, augment=("horizontal_flip",)), "full")


@pytest.mark.parametrize("strategy", ["full", "last_blocks(1)", "norm", "linear+norm"])
def test_nothing_but_the_head_trains(entry: RecipeEntry, strategy: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check_probe(for_strategy(entry, strategy, {}), strategy)
    assert strategy in caught.value.what
    assert "--strategies linear" in caught.value.todo


@pytest.mark.parametrize(
    "overrides",
    [
        {"lr": 0.1},
        {"weight_decay": 1e-4},
        {"batch_size": 32},
        {"schedule": {"kind": "constant"}},
        {"augment": ["horizontal_flip"]},
        {"augment": ["horizontal_flip"], "views": 4},
        {"label_smoothing": 0.1},
        {"clip_grad_norm": 1.0},
        {"norm_stats": "update"},
        {"head": ["dropout(0.2)", "linear"]},
        {"head": ["linear(64)", "relu", "linear"]},
        {"epochs": 1},
    ],
    ids=str,
)
def test_what_it_cannot_serve_is_refused_in_three_parts(entry: RecipeEntry, overrides: dict[str, Any]) -> None:
    with pytest.raises(RecipeError) as caught:
        check_probe(for_strategy(entry, "linear", overrides), "linear")
    assert all((caught.value.what, caught.value.why, caught.value.todo))
    name = next(iter(overrides))
    assert name.removesuffix("s") in caught.value.what
