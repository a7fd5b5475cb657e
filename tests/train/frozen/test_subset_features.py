"""A run of a subset passes, keeps and pays for its own images only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.plan.forecast import Speed, with_forecast
from bench.spec import SubsetSpec
from bench.train.frozen.cache import FeatureCache
from bench.train.frozen.features import kept_features
from bench.train.frozen.served import is_kept
from bench.train.hooks import Hooks

Maker = Callable[..., Any]
TRAIN, VAL, TEST = 16, 4, 20
"""The subset's images of train and val, and all test images; the dataset has 48 to train and choose with."""


def of_subset(spec: Any, train: int = TRAIN, val: int = VAL) -> Any:
    data = spec.dataset.model_copy(update={"subset": SubsetSpec(train=train, val=val)})
    return spec.model_copy(update={"dataset": data})


def keep(spec: Any, workbench: Any) -> tuple[Any, list[int]]:
    """Return what a run reads at its frontier, and the images that were passed for it."""
    passed: list[int] = []
    loaded = workbench.shelf.load(spec)
    hooks = Hooks(features=lambda done, total: passed.append(total if done == total else 0))
    entry = kept_features(spec, loaded.classifier(spec, workbench.device), loaded, workbench, hooks)[1]
    return entry, [total for total in passed if total]


def test_only_the_images_that_it_reads_are_passed(make_spec: Maker, workbench: Any) -> None:
    entry, passed = keep(of_subset(make_spec("linear")), workbench)
    assert passed == [TRAIN + VAL + TEST]
    assert entry.made.images == TRAIN + VAL + TEST
    assert {part: len(kept[0]) for part, kept in entry.arrays.items()} == {"train": TRAIN + VAL, "test": TEST}


def test_only_training_images_are_augmented(make_spec: Maker, workbench: Any) -> None:
    spec = of_subset(make_spec("linear", augment=["horizontal_flip(p=0.5)"], views=2))
    entry, _ = keep(spec, workbench)
    assert {part: len(kept[0]) for part, kept in entry.arrays.items()} == {
        "train": TRAIN + VAL,
        "train~0": TRAIN,
        "train~1": TRAIN,
        "test": TEST,
    }


@pytest.mark.parametrize(
    "recipe", [{}, {"augment": ["horizontal_flip(p=0.5)"], "views": 2}], ids=["plain", "views"]
)
@pytest.mark.parametrize("strategy", ["linear", "last_blocks(1)"])
def test_it_trains_to_the_same_numbers_as_from_the_whole_datasets_entry(
    make_spec: Maker, execute: Maker, workbench: Any, tmp_path: Path, strategy: str, recipe: Any
) -> None:
    whole, part = make_spec(strategy, **recipe), of_subset(make_spec(strategy, **recipe))
    own = execute(part)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    elsewhere = replace(workbench, cache=FeatureCache(tmp_path / "whole"))
    keep(whole, elsewhere)
    from_whole = execute(part, workbench=elsewhere)
    assert own.result.feature_keys != from_whole.result.feature_keys
    assert np.array_equal(own.test_logits, from_whole.test_logits)
    assert np.array_equal(own.val_logits, from_whole.val_logits)


def test_if_the_whole_dataset_is_kept_nothing_is_passed_and_its_share_is_paid(
    make_spec: Maker, workbench: Any
) -> None:
    whole, _ = keep(make_spec("linear"), workbench)
    entry, passed = keep(of_subset(make_spec("linear")), workbench)
    assert passed == []
    share = (TRAIN + VAL + TEST) / whole.made.images
    assert entry.alone_s == pytest.approx(whole.alone_s * share)


def test_a_larger_subset_and_the_whole_do_not_read_a_smaller_ones_rows(make_spec: Maker, workbench: Any) -> None:
    for train in (8, 16, 24):
        entry, passed = keep(of_subset(make_spec("linear"), train=train), workbench)
        assert len(entry.arrays["train"][0]) == train + VAL
        assert passed == [train + VAL + TEST]
    entry, passed = keep(make_spec("linear"), workbench)
    assert passed == [48 + TEST]
    assert len(entry.arrays["train"][0]) == 48


def test_a_forecast_counts_a_subsets_own_images_and_nothing_that_is_kept(make_spec: Maker, workbench: Any) -> None:
    from bench.hardware.machine import Machine
    from bench.records.runs import Counts, PlannedRun

    machine = Machine("cpu", "a machine", 1.0, 1.0, {"auto": "fp32"})
    counts = Counts(1000, 100, 0, 1.0, 3.0, 1.0)

    def seconds(spec: Any) -> float:
        runs = [PlannedRun(spec, counts)]
        known = lambda one: is_kept(workbench.cache, one, "cpu")  # noqa: E731 - as the planner passes it
        images = {"train": 48, "test": TEST}
        return with_forecast(runs, images, Speed(machine), is_kept=known)[0].forecast_s

    whole, part = make_spec("linear"), of_subset(make_spec("linear"))
    assert round(seconds(whole)) == 48 + TEST
    assert round(seconds(part)) == TRAIN + VAL + TEST
    keep(part, workbench)
    assert (round(seconds(part)), round(seconds(whole))) == (0, 48 + TEST)
    keep(whole, workbench)
    assert round(seconds(whole)) == round(seconds(of_subset(make_spec("linear"), train=8))) == 0
    assert round(seconds(make_spec("last_blocks(1)"))) == 48 + TEST
