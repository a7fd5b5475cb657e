"""How long a trained model takes for one batch as it would be deployed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor

from bench.hardware.device import DTYPES, Precision, autocast, call_seconds
from bench.models.classifier import Classifier

WARM_UPS, REPEATS = 5, 20
CAP_S = 1.5
"""Warm-ups, and repeats, end early once they have taken so long together; a slow model needs fewer."""

FEWEST = 3


def latency(
    compute: Callable[[Tensor], object], batch: Tensor, device: torch.device, cap_s: float = CAP_S
) -> float:
    """Return the median seconds of a forward pass of `batch`: 20 after 5 that warm up, fewer of a slow model."""
    with torch.inference_mode():
        _repeated(lambda: call_seconds(lambda: compute(batch), device), WARM_UPS, 1, cap_s)
        return median(_repeated(lambda: call_seconds(lambda: compute(batch), device), REPEATS, FEWEST, cap_s))


def deployed(
    model: Classifier, example: Tensor, device: torch.device, precision: Precision
) -> Callable[[Tensor], Tensor]:
    """Return what computes a model as it would be deployed: in mixed precision with a backbone of that type.

    Autocast would cast every frozen weight at each call. The head stays in fp32, as it is scored. A backbone that
    mixes types in its own code, and so fails as a copy, is computed under autocast.
    """
    model.eval()
    if precision == "fp32":
        return model
    dtype = DTYPES[precision]
    served = copy.deepcopy(model)
    served.backbone.to(dtype)

    def cast(images: Tensor) -> Tensor:
        return served(images.to(dtype))  # type: ignore[no-any-return]

    def mixed(images: Tensor) -> Tensor:
        with autocast(device, precision):
            return model(images)  # type: ignore[no-any-return]

    try:
        with torch.inference_mode():
            cast(example)
    except RuntimeError:
        return mixed
    return cast


def _repeated(measure: Callable[[], float], most: int, fewest: int, cap_s: float) -> list[float]:
    times: list[float] = []
    while len(times) < most and (len(times) < fewest or sum(times) < cap_s):
        times.append(measure())
    return times
