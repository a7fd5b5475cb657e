"""Keys for random numbers: derived from what they are for, never from what ran before."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def key(seed: int, purpose: str, *steps: int) -> int:
    """Derive a 64-bit key in [0, 2**64) from a seed, a purpose ("order", "augment") and steps (epoch, sample).

    It is the first eight bytes of the SHA-256 of the decimal numbers and the purpose joined with line breaks, so
    it is the same on every machine and in every version, and one purpose's numbers tell nothing about another's.
    """
    text = "\n".join([str(seed), purpose, *map(str, steps)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def augment_key(seed: int, epoch: int, index: int) -> int:
    """Return the key by which an epoch augments the image at an index of its official split."""
    return key(seed, "augment", epoch, index)


def view_key(view: int, index: int) -> int:
    """Return the key of one of the views that an image is shown in; no run's seed is in it."""
    return key(0, "view", view, index)


def shuffled(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return 0 .. count - 1 in an epoch's order: sorted by the raw numbers of Philox under the key of "order".

    Only raw 64-bit numbers are used, since numpy keeps them the same in every version.
    """
    numbers = np.random.Philox(key=key(seed, "order", epoch)).random_raw(count)
    return np.argsort(numbers, kind="stable").astype(np.int64)


def view_of(count: int, seed: int, epoch: int, views: int) -> NDArray[np.int64]:
    """Say which of K views each of 0 .. count - 1 is shown in: all in turn, each image beginning with its own."""
    first = np.random.Philox(key=key(seed, "view")).random_raw(count) % np.uint64(views)
    return (first.astype(np.int64) + epoch) % views
