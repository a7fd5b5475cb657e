"""Weights that make the mean of the members' probabilities fit the validation labels best.

Maximising the log score of a mixture over the simplex is stacking of predictive distributions (Yao, Vehtari,
Simpson and Gelman, "Using Stacking to Average Bayesian Predictive Distributions", Bayesian Analysis 2018). The
problem is convex; SLSQP of scipy solves it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from bench.ensembles.voting import log_probabilities
from bench.records.predictions import ValPredictions

LEAST = 1e-4
"""Weights are kept in steps of this, so that rounding errors of another platform make no other ensemble."""

_TINY = 1e-300
Vector = npt.NDArray[np.float64]


def choose_weights(members: Mapping[str, ValPredictions]) -> dict[str, float]:
    """Return the weights, by run id, with the least mean cross-entropy on validation; they sum to 1.

    It is never above that of the best member or of equal weights. A run that does not help has weight 0.
    """
    names = sorted(members)
    own = np.stack([_own(members[name]) for name in names])  # (members, n)
    vertices = list(np.eye(len(names)))
    found = min([_solved(own), np.full(len(names), 1 / len(names)), *vertices], key=lambda w: _loss(w, own))
    rounded = _rounded(found)
    best = min([rounded, *vertices], key=lambda w: _loss(w, own))
    return dict(zip(names, map(float, best), strict=True))


def _own(made: ValPredictions) -> Vector:
    """Return the logarithm of the probability that each image's true class is given."""
    return log_probabilities(made)[np.arange(len(made.labels)), made.labels]


def _solved(own: Vector) -> Vector:
    ratios = np.exp(own - own.max(axis=0))  # 1 for the member that fits an image best

    def loss(weights: Vector) -> float:
        return float(-np.log(np.maximum(weights @ ratios, _TINY)).mean())

    def slope(weights: Vector) -> Vector:
        return np.asarray(-(ratios / np.maximum(weights @ ratios, _TINY)).mean(axis=1))

    count = len(own)
    done = minimize(
        loss,
        np.full(count, 1 / count),
        jac=slope,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-12, "maxiter": 1000},
    )
    weights = np.clip(done.x, 0.0, None)
    return np.asarray(weights / weights.sum())


def _rounded(weights: Vector) -> Vector:
    """Round to steps of LEAST; what is left over goes to the largest weight."""
    steps = np.round(weights / LEAST)
    steps[steps.argmax()] += round(1 / LEAST) - steps.sum()
    return np.asarray(np.round(steps * LEAST, 4))


def _loss(weights: Vector, own: Vector) -> float:
    """Return the mean cross-entropy of the weighted mean of probabilities."""
    with np.errstate(divide="ignore"):
        return float(-np.logaddexp.reduce(own + np.log(weights)[:, None], axis=0).mean())
