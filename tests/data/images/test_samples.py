from __future__ import annotations

import numpy as np
import pytest
import torch
from dataset_layouts import BUILDERS

from bench.data.datasets import open_dataset
from bench.data.images.prepared import open_pixels
from bench.data.images.samples import draws, samples, spread
from bench.data.images.training_batches import TrainingBatches
from bench.data.images.transforms import augment
from bench.data.splits import split
from bench.errors import RecipeError
from bench.spec import TransformSpec

SPEC = TransformSpec(image_size=16)
CHANCE = ("horizontal_flip", "rotation(30)", "A.GaussNoise(p=0.9)")


@pytest.fixture
def birds(tmp_path):
    dataset = open_dataset(BUILDERS["cub"](tmp_path).entry, data_root=tmp_path)
    return dataset, split(dataset.manifest, "label", 0.2, 0).train


def trained_on(dataset, part, epoch, seed, views=0):
    """Every image of an epoch as training loads it, by its id."""
    pixels = open_pixels(dataset, part, SPEC)
    with TrainingBatches(pixels, part, augment(CHANCE, SPEC), 3, seed=seed, views=views) as batches:
        return {
            part.ids[position]: image
            for batch in batches.epoch(epoch)
            for image, position in zip(batch.images, batch.positions, strict=True)
        }


def test_what_is_shown_is_what_each_epoch_trains_on(birds):
    dataset, part = birds
    found = samples(dataset, part, CHANCE, SPEC, draws(3, 5, 0), 4)
    assert len(found) == 4
    for epoch in range(3):
        loaded = trained_on(dataset, part, epoch, seed=5)
        assert all(torch.equal(sample.drawn[epoch], loaded[sample.id]) for sample in found)


def test_the_views_shown_are_those_that_training_shows_in_turn(birds):
    dataset, part = birds
    shown = draws(9, 0, 3)
    assert [draw.name for draw in shown] == ["view 1 of 3", "view 2 of 3", "view 3 of 3"]
    found = samples(dataset, part, CHANCE, SPEC, shown, 4)
    epochs = [trained_on(dataset, part, epoch, seed=8, views=3) for epoch in range(3)]
    for sample in found:
        trained = {epoch[sample.id].numpy().tobytes() for epoch in epochs}
        assert trained == {view.numpy().tobytes() for view in sample.drawn}


def test_without_chance_an_image_is_as_evaluation_sees_it(birds):
    dataset, part = birds
    for sample in samples(dataset, part, CHANCE, SPEC, draws(1, 0, 0), 3):
        position = part.ids.index(sample.id)
        assert torch.equal(sample.original, open_pixels(dataset, part, SPEC).batch(np.array([position]))[0])
        assert sample.label == part.labels[position]


def test_a_wrong_augmentation_is_an_error(birds):
    with pytest.raises(RecipeError):
        samples(*birds, ("rotate",), SPEC, draws(1, 0, 0), 3)


@pytest.mark.parametrize(
    ("labels", "count", "chosen"),
    [
        ([2, 0, 1, 0, 1, 2], 3, [1, 2, 0]),
        ([2, 0, 1, 0, 1, 2], 2, [1, 2]),
        ([2, 0, 1, 0, 1, 2], 4, [1, 3, 2, 0]),
        ([2, 0, 1, 0, 1, 2], 99, [1, 3, 2, 4, 0, 5]),
        ([0, 0, 0, 3], 3, [0, 1, 3]),
        ([7], 8, [0]),
        (list(range(100)), 4, [0, 25, 50, 75]),
    ],
)
def test_images_are_chosen_from_as_many_classes_as_there_are(labels, count, chosen):
    assert spread(np.array(labels), count).tolist() == chosen
