"""Images that lie on the device are those that are loaded, in the same order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench.data.splits import split
from bench.train import image_inputs
from bench.train.hooks import Hooks
from bench.train.image_inputs import ImageInputs

CPU = torch.device("cpu")


@pytest.fixture
def inputs(tiny_dataset: Any, make_spec: Callable[..., Any]) -> Callable[..., ImageInputs]:
    def make(*, hold: bool, **recipe: Any) -> ImageInputs:
        manifest = tiny_dataset.manifest
        splits = split(manifest, manifest.default_target, 0.25, 0)
        return ImageInputs(make_spec("full", **recipe), tiny_dataset, splits, CPU, Hooks(), 0, hold=hold)

    return make


def test_images_on_the_device_come_as_loaded_ones_do_in_training_and_evaluation(inputs) -> None:
    held, loaded = inputs(hold=True), inputs(hold=False)
    for epoch in (1, 2):
        both = list(zip(held.training(epoch), loaded.training(epoch), strict=True))
        assert len(both) > 1
        for ((one,), labels), ((other,), others) in both:
            assert torch.equal(one, other)
            assert torch.equal(labels, others)
            assert one.is_contiguous(memory_format=torch.channels_last)
    for part in (held.splits.val, held.splits.test):
        one, other = (torch.cat([images for (images,) in each.ordered(part)]) for each in (held, loaded))
        assert torch.equal(one, other)
        assert len(one) == len(part)


def test_what_is_on_the_device_is_loaded_once(inputs, monkeypatch) -> None:
    held = inputs(hold=True)
    list(held.training(1))
    monkeypatch.setattr(held, "_open", lambda _: pytest.fail("loaded again"))
    assert len(list(held.training(2))) > 1


def test_splits_that_are_too_large_for_the_device_and_augmented_ones_are_loaded(inputs, monkeypatch) -> None:
    monkeypatch.setattr(image_inputs, "HELD_BYTES", 1000)
    large = inputs(hold=True)
    list(large.training(1))
    assert not large._held
    monkeypatch.undo()
    augmented = inputs(hold=True, augment=["horizontal_flip"])
    list(augmented.training(1))
    assert not augmented._held
