from __future__ import annotations

import threading
from contextlib import closing

import numpy as np
import pytest
import torch
from dataset_layouts import BUILDERS

from bench.data.datasets import open_dataset
from bench.data.images.loading import ordered_batches
from bench.data.images.transforms import eval_transform
from bench.errors import DataError
from bench.spec import TransformSpec

TRANSFORM = eval_transform(TransformSpec(image_size=12))


@pytest.fixture
def birds(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    return layout, open_dataset(layout.entry, data_root=tmp_path).images("train")


def decoders():
    return [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


@pytest.mark.parametrize("workers", [0, 1, 2, 7])
@pytest.mark.parametrize("batch_size", [1, 5, 18, 100])
def test_batches_come_in_the_given_order_whatever_the_number_of_threads(birds, workers, batch_size):
    _, source = birds
    order = np.random.default_rng(0).permutation(18)
    batches = list(ordered_batches(source, order, TRANSFORM, batch_size, workers=workers))
    assert [len(batch) for batch in batches] == [min(batch_size, 18 - start) for start in range(0, 18, batch_size)]
    assert torch.equal(torch.cat(batches), torch.stack([TRANSFORM(source.image(i)) for i in order]))
    assert batches[0].dtype == torch.uint8
    assert decoders() == []


def test_nothing_to_load_is_no_batch(birds):
    assert list(ordered_batches(birds[1], [], TRANSFORM, 4)) == []


def test_a_loop_that_stops_early_ends_the_threads(birds):
    with closing(ordered_batches(birds[1], range(18), TRANSFORM, 2, workers=3)) as batches:
        next(batches)
        assert decoders()
    assert decoders() == []


def test_an_abandoned_iterator_ends_the_threads(birds):
    for _ in ordered_batches(birds[1], range(18), TRANSFORM, 2, workers=3):
        break
    assert decoders() == []


def test_a_corrupt_image_is_named_and_ends_the_threads(birds):
    layout, source = birds
    image = layout.folder / "images" / source.names[7].removeprefix("images/")
    image.write_bytes(b"no image")
    batches = ordered_batches(source, range(18), TRANSFORM, 4, workers=3)
    with pytest.raises(DataError, match=image.name):
        list(batches)
    assert decoders() == []


def test_only_a_few_images_are_decoded_ahead(birds):
    _, source = birds
    started = []

    def transform(image):
        started.append(image)
        return TRANSFORM(image)

    with closing(ordered_batches(source, [0] * 1000, transform, 4, workers=2)) as batches:
        next(batches)
        assert len(started) <= 12 + 2
