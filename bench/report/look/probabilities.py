"""Logits as probabilities: what is predicted, how surely, how good the probabilities are, and one temperature.

An image whose logits are not all finite has no probabilities: it is never right, and is left out of every mean of
confidence, likelihood or calibration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from bench.metrics.calibration import Floats, Truths
from bench.metrics.ranks import ranks
from bench.records.predictions import ValPredictions
from bench.report.look.confusion import Counts

TOPS = (1, 2, 3, 5, 10)
COLDEST, HOTTEST = 0.05, 20.0


@dataclass(frozen=True, eq=False)
class Scored:
    """What logits say of n images of `classes` classes, m of them with finite logits.

    `predicted` (n,) is -1 where the logits are not finite. The rest is of the m images alone: `labels` (m,),
    `right` (m,), `confidence` (m,) of the predicted class, `probabilities` (m, classes).
    """

    n: int
    predicted: Counts
    labels: Counts
    right: Truths
    confidence: Floats
    probabilities: Floats

    @property
    def not_finite(self) -> int:
        """Images without a prediction."""
        return self.n - len(self.labels)


def score(logits: npt.NDArray[np.floating], labels: Counts, temperature: float = 1.0) -> Scored:
    """Turn logits (n, classes), over `temperature`, into probabilities; of equal logits the first class wins.

    Raises ValueError where a label is no class.
    """
    n, classes = logits.shape
    if n and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"Labels from {labels.min()} to {labels.max()} do not fit {classes} classes.")
    finite = np.isfinite(logits).all(axis=1)
    probabilities = softmax(logits[finite].astype(np.float64) / temperature, axis=1)
    predicted = np.full(n, -1, np.int64)
    predicted[finite] = logits[finite].argmax(axis=1)
    confidence = probabilities.max(axis=1, initial=0.0)
    return Scored(n, predicted, labels[finite], predicted[finite] == labels[finite], confidence, probabilities)


def top_k(logits: npt.NDArray[np.floating], labels: Counts) -> dict[int, float]:
    """Return the share of images whose class is among the first k, for 1 and each k of `TOPS` below `classes`."""
    n, classes = logits.shape
    rank = ranks(logits, labels)
    tops = [k for k in TOPS if k == 1 or k < classes]
    return {k: float((rank < k).mean()) if n else math.nan for k in tops}


def likelihood_loss(scored: Scored) -> float:
    """Return the mean negative log-likelihood of the true class, in nats; NaN without images."""
    if not len(scored.labels):
        return math.nan
    own = scored.probabilities[np.arange(len(scored.labels)), scored.labels]
    return float(-np.log(np.maximum(own, np.finfo(np.float64).tiny)).mean())


def brier(scored: Scored) -> float:
    """Return the mean squared distance of probabilities from the truth, from 0 to 2; NaN without images.

    It is summed over the classes, as Brier (1950) did.
    """
    if not len(scored.labels):
        return math.nan
    own = scored.probabilities[np.arange(len(scored.labels)), scored.labels]
    return float((np.square(scored.probabilities).sum(axis=1) - 2 * own + 1).mean())


def fit_temperature(val: ValPredictions) -> float | None:
    """Return the temperature that makes the likelihood of validation labels largest (Guo et al. 2017).

    It is kept between `COLDEST` and `HOTTEST`: where every image is right, no temperature is cold enough. None
    where there is nothing to fit: no image with finite logits, or one class.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - slow, and only this needs it

    finite = np.isfinite(val.logits).all(axis=1)
    logits, labels = val.logits[finite].astype(np.float64), val.labels[finite]
    if not len(labels) or logits.shape[1] == 1:
        return None
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logits / math.exp(log_temperature), axis=1)[rows, labels].mean())

    found = minimize_scalar(
        loss, bounds=(math.log(COLDEST), math.log(HOTTEST)), method="bounded", options={"xatol": 1e-5}
    )
    return math.exp(float(found.x))
