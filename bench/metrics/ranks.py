"""Where the right class comes among all, by its score. Numpy alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

TOP = 5


def ranks(logits: npt.NDArray[np.floating], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many classes come before the right one, (n,), of logits (n, classes); of a tie the first wins.

    Where a logit is not finite it is so many that no top k <= `TOP` nor any k up to `classes` counts the image.
    """
    n, classes = logits.shape
    own = logits[np.arange(n), labels][:, None]
    before = (logits > own) | ((logits == own) & (np.arange(classes) < labels[:, None]))
    found: npt.NDArray[np.int64] = np.where(np.isfinite(logits).all(axis=1), before.sum(axis=1), max(classes, TOP))
    return found
