"""A few training images, as they are and as a recipe's augmentations show them: by the keys that training uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from torch import Tensor

from bench.data.datasets import Dataset
from bench.data.images.loading import Positions
from bench.data.images.pixels import DecodedPixels
from bench.data.images.transforms import Augment, eval_transform
from bench.data.splits import TrainSplit
from bench.hardware.device import one_thread
from bench.random_keys import augment_key, view_key
from bench.spec import TransformSpec


class Draw(NamedTuple):
    """What one draw is called, and its key for the image at an index of the official split."""

    name: str
    key: Callable[[int], int]


class Sample(NamedTuple):
    """One image: its id, its class, its pixels without chance and in each draw, uint8 [3, size, size]."""

    id: str
    label: int
    original: Tensor
    drawn: tuple[Tensor, ...]


def draws(each: int, seed: int, views: int) -> list[Draw]:
    """List what training shows: all of K `views`, which every seed shares, or else the first `each` epochs."""
    if views:
        return [Draw(f"view {view + 1} of {views}", partial(view_key, view)) for view in range(views)]
    return [Draw(f"epoch {epoch + 1}", partial(augment_key, seed, epoch)) for epoch in range(each)]


def samples(
    dataset: Dataset,
    part: TrainSplit,
    names: Sequence[str],
    transform: TransformSpec,
    shown: Sequence[Draw],
    count: int,
) -> list[Sample]:
    """Augment `count` training images, of as many classes as there are, in each of the draws `shown`.

    Raises RecipeError for an augmentation that is not valid and DataError for a corrupt image.
    """
    change = Augment(tuple(names), transform)
    pixels = DecodedPixels(dataset.images(part.official, transform), part.indices, eval_transform(transform))
    positions = spread(part.labels, count)
    with one_thread():
        return [
            Sample(
                part.ids[position],
                int(part.labels[position]),
                original,
                tuple(change(original, draw.key(int(part.indices[position]))) for draw in shown),
            )
            for position, original in zip(positions, pixels.batch(positions), strict=True)
        ]


def spread(labels: Positions, count: int) -> Positions:
    """Choose `count` positions (all, where there are fewer), by class: the first of each, then the second of each.

    Where there are more classes than that, those at even distances.
    """
    by_class = np.argsort(labels, kind="stable")
    _, first, sizes = np.unique(labels[by_class], return_index=True, return_counts=True)
    rank = np.arange(len(labels)) - np.repeat(first, sizes)
    if count <= len(first):
        return by_class[first[np.arange(count) * len(first) // count]]
    return by_class[np.sort(np.argsort(rank, kind="stable")[:count])]
