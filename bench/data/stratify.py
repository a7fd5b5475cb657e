"""Chooses samples so that every class keeps its share, the same on every machine and in every numpy version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError


def stratified(
    ids: Sequence[str],
    labels: Sequence[int] | NDArray[np.int64],
    wanted: int,
    *,
    seed: int,
    least: int = 0,
    keep: int = 0,
) -> NDArray[np.int64]:
    """Choose `wanted` positions, at least `least` of each class, leaving at least `keep` of each; ascending.

    Of each class those come first whose SHA-256 of (seed, id) is smallest. So the choice depends on nothing but
    ids, labels and seed, and a larger choice with the same seed holds a smaller one of the same class.
    """
    classes, positions = np.unique(np.asarray(labels, dtype=np.int64), return_inverse=True)
    available = np.bincount(positions, minlength=len(classes)).astype(np.int64)
    shares = _allocate(wanted, available, np.minimum(least, available), np.maximum(available - keep, 0), seed)
    order = np.lexsort((_hashes(ids, seed), positions))
    starts = np.concatenate([[0], np.cumsum(available)[:-1]])
    chosen = [order[start : start + share] for start, share in zip(starts, shares, strict=True)]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def fraction_of(total: int, fraction: float) -> int:
    """Return how many samples a fraction of `total` is: rounded to the nearest, a half upwards, one at least."""
    return max(1, int(total * fraction + 0.5))


def _allocate(
    wanted: int, available: NDArray[np.int64], least: NDArray[np.int64], most: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Share `wanted` among classes in proportion, by largest remainder; ties go by a hash of (seed, class)."""
    if not least.sum() <= wanted <= most.sum():
        raise DataError(
            f"Cannot choose {wanted:,} images from {available.sum():,} so that every class keeps its share.",
            f"From {least.sum():,} to {most.sum():,} can be chosen: every class must keep an image on each side "
            "that needs one.",
            "Ask for another number, or give the smallest classes more images.",
        )
    total = int(available.sum())
    shares = np.clip(wanted * available // total, least, most)
    ties = np.argsort(_hashes([str(index) for index in range(len(available))], seed), kind="stable")
    while (missing := wanted - int(shares.sum())) != 0:
        step = 1 if missing > 0 else -1
        behind = step * (wanted * available - shares * total)
        open_ = shares < most if step > 0 else shares > least
        ranked = ties[np.argsort(-behind[ties], kind="stable")]
        shares[ranked[open_[ranked]][: abs(missing)]] += step
    return shares


def _hashes(ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.sha256(f"{seed}\n{name}".encode()).digest()[:8] for name in ids)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)
