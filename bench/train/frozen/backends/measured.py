"""A short measurement of every backend that can be used here, side by side on one backbone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.hardware.backend_speeds import Speeds
from bench.hardware.device import Clock, frozen_batch
from bench.spec import RecipeSpec, RunSpec, WeightsSpec
from bench.train.frozen.backends import BACKENDS, prepare
from bench.train.frozen.backends.base import BackendError, Compute
from bench.train.frozen.cuts import cuts
from bench.train.loaded import Shelf

ROUNDS = 4
"""Each backend computes so many batches, in turn; the best counts, for what else the machine does only adds."""


def measure(spec: RunSpec, device: torch.device) -> Speeds:
    """Measure a run's backbone, with random weights, at its image size and precision; nothing is downloaded."""
    frozen, size = _whole(spec, device), spec.transform.image_size
    images = torch.randn(frozen_batch(device), 3, size, size, device=device)
    prepared: dict[str, Compute] = {}
    took: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for name in BACKENDS:
        clock = Clock(device)
        try:
            with clock.running():
                prepared[name] = prepare(name, frozen, images, device=device, precision=spec.precision)
                prepared[name](images)  # warms up
        except Exception as error:  # whatever keeps one backend from computing says nothing of the others
            if name == "eager":
                raise
            left_out[name] = (
                f"{error.what} {error.why}" if isinstance(error, BackendError) else f"{name}: {error}."
            )
        took[name] = clock.seconds
    best = dict.fromkeys(prepared, float("inf"))
    for _ in range(ROUNDS):
        for name, compute in prepared.items():
            best[name] = min(best[name], _seconds(compute, images, device))
    rates = {name: len(images) / seconds for name, seconds in best.items()}
    return Speeds(rates, {name: took[name] for name in prepared}, left_out)


def _whole(spec: RunSpec, device: torch.device) -> nn.Module:
    """Build the frozen part of a linear probe: all of the backbone."""
    bare = spec.backbone.model_copy(update={"weights": WeightsSpec(source="none")})
    probe = spec.model_copy(update={"backbone": bare, "strategy": "linear", "recipe": RecipeSpec()})
    loaded = Shelf().load(probe)
    model = loaded.classifier(probe, device)
    dissected = loaded.frontiers(model)
    return dissected.frozen([cuts(model, dissected.graph, dissected.seen)[-1]], model)


def _seconds(compute: Compute, images: Tensor, device: torch.device) -> float:
    clock = Clock(device)
    with clock.running():
        compute(images)
    return clock.seconds
