"""What several runs say together: soft and hard votes.

Scores are as logits are: a row per image, a column per class, the largest is the answer. Members come by run id
and are added up in the order of their ids, so that it does not matter in which order they are named.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from bench.records.predictions import Predictions

Scores = npt.NDArray[np.float64]


def log_probabilities(made: Predictions) -> Scores:
    """Return the logarithms of the softmax of logits (n, classes): finite where the logits are."""
    logs: Scores = log_softmax(made.logits.astype(np.float64), axis=1)
    return logs


def soft_vote(members: Mapping[str, Predictions], weights: Mapping[str, float] | None = None) -> Scores:
    """Return the logarithms of the members' mean probabilities, weighted if weights (0 or more) are given.

    A member without a weight is left out. Added up as logarithms, so that a probability too small for a float is
    small and not 0.
    """
    shares = weights or dict.fromkeys(members, 1.0)
    named = [name for name in sorted(members) if shares.get(name, 0.0) > 0]
    total = sum(shares[name] for name in named)
    mean: Scores = log_probabilities(members[named[0]]) + np.log(shares[named[0]] / total)
    for name in named[1:]:
        np.logaddexp(mean, log_probabilities(members[name]) + np.log(shares[name] / total), out=mean)
    return mean


def hard_vote(members: Mapping[str, Predictions]) -> Scores:
    """Return each class's votes, a vote for each member's answer, plus half its mean probability.

    So the most votes win, ties go to the larger summed probability, and classes without a vote rank by it too.
    These scores are no logits: a softmax of them means nothing, and a loss would not either.
    """
    votes = np.zeros(next(iter(members.values())).logits.shape)
    for name in sorted(members):
        answers = members[name].logits.argmax(axis=1)
        votes[np.arange(len(answers)), answers] += 1
    total = sum(np.exp(log_probabilities(members[name])) for name in sorted(members))
    scores: Scores = votes + total / (2 * len(members))
    return scores
