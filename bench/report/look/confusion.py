"""Which classes are taken for which: the confusion matrix, its worst pairs, and orders to read it in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]
Order = npt.NDArray[np.int64]

LEAVES_ORDERED = 500
"""Classes up to which the leaves of the clustering are ordered too: the time grows with their cube."""


@dataclass(frozen=True)
class Pair:
    """`count` images of the class `true` were taken for `predicted`: the `share` of that class's images."""

    true: int
    predicted: int
    count: int
    share: float


def confusion_matrix(labels: Counts, predicted: Counts, classes: int) -> Counts:
    """Count images by true class (rows) and predicted class (columns), (classes, classes).

    A prediction of -1 is none and is left out.
    """
    made = predicted >= 0
    flat = np.bincount(labels[made] * classes + predicted[made], minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def row_shares(matrix: npt.NDArray[np.number]) -> Shares:
    """Divide each row by its sum; a row of zeros stays zero."""
    sums = matrix.sum(axis=1, keepdims=True)
    shares: Shares = np.divide(matrix, sums, out=np.zeros(matrix.shape), where=sums > 0)
    return shares


def expected_confusion(probabilities: Shares, labels: Counts) -> Shares:
    """Return the mean probability that images of each class (rows) give to each class (columns).

    It tells which classes resemble each other also where few images are mistaken. A class without images is zero.
    """
    sums = np.zeros((probabilities.shape[1],) * 2)
    np.add.at(sums, labels, probabilities)
    counts = np.bincount(labels, minlength=len(sums))[:, None]
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


def worst_pairs(matrix: Counts, most: int = 40) -> list[Pair]:
    """List what is most often taken for what: by count, then by share, then in the order of the classes."""
    shares = row_shares(matrix)
    true, predicted = np.nonzero(matrix * ~np.eye(len(matrix), dtype=bool))
    found = [
        Pair(int(i), int(j), int(matrix[i, j]), float(shares[i, j])) for i, j in zip(true, predicted, strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.count, -pair.share, pair.true, pair.predicted))[:most]


def clustered_order(confusion: npt.NDArray[np.number]) -> Order:
    """Order classes so that those which are confused with each other stand side by side.

    Average-linkage clustering of 1 - sqrt(s), where s is the mean of what i gives to j and j to i as shares of
    their rows; leaves ordered as Bar-Joseph et al. (2001), up to `LEAVES_ORDERED` classes.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage  # noqa: PLC0415 - slow, and only this needs it
    from scipy.spatial.distance import squareform  # noqa: PLC0415 - the same

    classes = len(confusion)
    if classes <= 2:  # noqa: PLR2004 - there is nothing to order
        return np.arange(classes, dtype=np.int64)
    shares = row_shares(confusion)
    distance = 1 - np.sqrt((shares + shares.T) / 2)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance), "average", optimal_ordering=classes <= LEAVES_ORDERED)
    order: Order = leaves_list(tree).astype(np.int64)
    return order


def error_order(matrix: Counts) -> Order:
    """Order classes by the share of their images that is mistaken, most first; classes without images last."""
    support = matrix.sum(axis=1)
    right = np.where(support > 0, row_shares(matrix).diagonal(), np.inf)
    order: Order = np.argsort(right, kind="stable").astype(np.int64)
    return order
