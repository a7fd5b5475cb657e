"""Times train steps and inference on random images: cases in turn, round by round, each beside a fixed reference.

Speed does not depend on the values, so weights are random and nothing is downloaded. A slow minute of the machine
hits every case alike, and the reference, a matrix product, tells it from a case that became slow.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench import strategies
from bench.data.splits import Split, Splits, TestSplit, TrainSplit, ValSplit
from bench.hardware.device import Clock, autocast
from bench.models.backbones import build
from bench.models.classifier import Classifier, assemble
from bench.random_keys import shuffled
from bench.records.timings import Case, CaseTiming
from bench.spec import RecipeSpec, RunSpec
from bench.train.hooks import Hooks
from bench.train.trainer import Trainer

CLASSES = 100
REFERENCE = 1024
"""Rows and columns of the two square fp32 matrices whose product is the reference workload."""

AT_LEAST_S = 0.05
"""A sample repeats what is quicker and takes the mean: else the clock and cold caches would be measured."""

STILL = RecipeSpec(lr=1e-6)
"""The weights hardly move, so that every step meets the same numbers."""

Progress = Callable[[int, int, str], None]


def measure(
    cases: Sequence[Case], device: torch.device, repeats: int, progress: Progress = lambda *_: None
) -> tuple[CaseTiming, ...]:
    """Time each case `repeats` times; `progress` hears (done, of, what).

    Every model is in memory at once. Raises BackboneError for one that cannot be built for its image size, and
    RegistryError for an unknown strategy.
    """
    reference, samplers = _reference(device), _samplers(cases, device)
    found = take_turns(samplers, reference, repeats, lambda done, of, i: progress(done, of, cases[i].backbone))
    return tuple(
        CaseTiming(case, tuple(own for own, _ in pairs), tuple(beside for _, beside in pairs))
        for case, pairs in zip(cases, found, strict=True)
    )


def take_turns(
    samplers: Sequence[Sampler], reference: Sampler, repeats: int, progress: Callable[[int, int, int], None]
) -> list[list[tuple[float, float]]]:
    """Sample each once a round, in another order each round; returns (own, reference) seconds of each, by round.

    `progress` hears how many samples there are, of how many, and which of `samplers` comes next.
    """
    found: list[list[tuple[float, float]]] = [[] for _ in samplers]
    for turn in range(repeats):
        for place, index in enumerate(shuffled(len(samplers), seed=0, epoch=turn).tolist()):
            progress(turn * len(samplers) + place, repeats * len(samplers), index)
            beside = reference.sample()
            found[index].append((samplers[index].sample(), beside))
    return found


class Sampler:
    """Times calls of one kind, after two that warm up: as many a sample as take `repeated_s`, at most 1000."""

    def __init__(
        self,
        call: Callable[[], object],
        device: torch.device,
        prepare: Callable[[], object] = lambda: None,
        repeated_s: float = AT_LEAST_S,
    ) -> None:
        self._call, self._device, self._prepare, self._times = call, device, prepare, 1
        self.sample()
        self._times = min(1000, max(1, math.ceil(repeated_s / self.sample())))

    def sample(self) -> float:
        """Return the mean seconds of a call."""
        self._prepare()
        clock = Clock(self._device)
        with clock.running():
            for _ in range(self._times):
                self._call()
        return clock.seconds / self._times


class RandomImages:
    """One batch of random images with labels, on the device: what a timed step trains on."""

    def __init__(self, case: Case, device: torch.device) -> None:
        shape = (case.batch_size, 3, case.image_size, case.image_size)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            images = torch.randn(shape)
            self.labels = torch.randint(CLASSES, shape[:1]).to(device)
        self.images = images.to(device, memory_format=torch.channels_last)
        part = ("train", np.arange(len(images)), tuple(map(str, range(len(images)))), self.labels.cpu().numpy())
        self.splits = Splits(TrainSplit(*part), ValSplit(*part), TestSplit(*part))  # type: ignore[arg-type]

    def training(self, epoch: int) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:  # noqa: ARG002 - all are alike
        """Give the batch."""
        yield (self.images,), self.labels

    def ordered(self, split: Split) -> Iterator[tuple[Tensor, ...]]:  # noqa: ARG002 - the same
        """Give the batch."""
        yield (self.images,)

    def close(self) -> None:
        """Let go of nothing."""


def _samplers(cases: Sequence[Case], device: torch.device) -> list[Sampler]:
    """Build each model once, whatever is timed with it."""
    models: dict[tuple[str, str, int], Classifier] = {}
    found = []
    for case in cases:
        key = (case.backbone, case.strategy, case.image_size)
        if key not in models:
            models[key] = _model(_spec(case)).to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        make = _inference if case.kind == "inference" else _train_step
        found.append(make(_spec(case), models[key], RandomImages(case, device), device))
    return found


def _train_step(spec: RunSpec, model: Classifier, inputs: RandomImages, device: torch.device) -> Sampler:
    trainer = Trainer(model, inputs, spec, device, Hooks(), Path(os.devnull))  # it begins anew, and saves nothing
    ((batch, labels),) = inputs.training(0)
    return Sampler(lambda: trainer.step(0, batch, labels), device, model.train)


def _inference(spec: RunSpec, model: Classifier, inputs: RandomImages, device: torch.device) -> Sampler:
    def infer() -> None:
        with torch.inference_mode(), autocast(device, spec.precision):
            model(inputs.images)

    return Sampler(infer, device, model.eval)


def _reference(device: torch.device) -> Sampler:
    one = torch.ones(REFERENCE, REFERENCE, device=device)
    return Sampler(lambda: one @ one, device)


def _model(spec: RunSpec) -> Classifier:
    return strategies.apply(assemble(spec, build(spec.backbone, spec.transform.image_size)), spec.strategy)


def _spec(case: Case) -> RunSpec:
    library, _, architecture = case.backbone.partition("/")
    return RunSpec.model_validate(
        {
            "dataset": {"name": "random images", "num_classes": CLASSES},
            "backbone": {"library": library, "architecture": architecture, "weights": {"source": "none"}},
            "strategy": case.strategy,
            "recipe": STILL.model_dump(),
            "transform": {"image_size": case.image_size},
            "precision": case.precision,
        }
    )
