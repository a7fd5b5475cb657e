"""Several targets in one classification layer: where each one's scores lie, how often two contradict each other.

The outputs lie target after target. What is said of a target is said of its stretch of the scores alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise, permutations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def spans(classes: Sequence[int]) -> list[slice]:
    """Return where the scores of each target lie, given how many classes each has."""
    return [slice(*ends) for ends in pairwise((0, *accumulate(classes)))]


def group_of_each(labels: Labels, groups: Labels, classes: int) -> Labels | None:
    """Return the group (classes,) that all images of a class are in; None where one is in several, or has none.

    `labels` and `groups` (N,) are what the same images are called under two targets.
    """
    found = np.full(classes, -1)
    found[labels] = groups
    nested = bool((found >= 0).all() and (found[labels] == groups).all())
    return found if nested else None


def coarser(labels: Labels, classes: Sequence[int]) -> dict[tuple[int, int], Labels]:
    """Find the pairs of targets of which the second groups the classes of the first, and the group of each class.

    `labels` (N, targets) hold every class of each target. Of two targets that are one but for their names only the
    first is grouped by the second.
    """
    found = {}
    for fine, coarse in permutations(range(len(classes)), 2):
        if (classes[fine], coarse) > (classes[coarse], fine):
            groups = group_of_each(labels[:, fine], labels[:, coarse], classes[fine])
            if groups is not None:
                found[fine, coarse] = groups
    return found


def contradicted(
    logits: NDArray[np.float32], classes: Sequence[int], groups: Mapping[tuple[int, int], Labels]
) -> dict[tuple[int, int], float]:
    """Return the share of images of which one head names a class that is not in the group that another names.

    `logits` are (N, sum of classes); `groups` are pairs of targets as `coarser` finds them.
    """
    each = [logits[:, span] for span in spans(classes)]
    return {(fine, coarse): contradiction(each[fine], each[coarse], of) for (fine, coarse), of in groups.items()}


def contradiction(fine: NDArray[np.float32], coarse: NDArray[np.float32], group_of: Labels) -> float:
    """Return the share of images (N,) whose class by one head is not in the group that another head names.

    `group_of` (classes,) is the group of each class.
    """
    return float((group_of[fine.argmax(axis=1)] != coarse.argmax(axis=1)).mean())
