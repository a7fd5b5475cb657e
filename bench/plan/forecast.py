"""What a plan will cost: runs, gigabytes to download, hours on this device."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.hardware.machine import Machine
from bench.plan.subsets import split_counts
from bench.records.runs import Counts, PlannedRun
from bench.spec import RunSpec

HEAD_STEP_S = 3e-4
"""Seconds of one optimizer step of a head on kept features, beside its arithmetic (measured on two CPU cores)."""

BYTES_A_PARAMETER = 4

SMALL_SHARE = 0.1
"""Of a smaller frozen part, a stem, the activations are many and computing them is cheap."""


@dataclass(frozen=True)
class Speed:
    """Seconds per gmac of inference and train_gmac of training: the machine's, and each backbone's where known.

    `features`, of frozen passes, is by backbone and backend.
    """

    machine: Machine
    training: Mapping[str, float] = field(default_factory=dict)
    features: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True)
class Forecast:
    """A sweep's cost before it runs; `seconds` counts a shared frozen pass once."""

    runs: int
    download_bytes: int
    seconds: float
    hardware: str


def with_forecast(
    runs: Sequence[PlannedRun],
    images: Mapping[str, int],
    speed: Speed,
    keeps: Callable[[int], bool] = lambda _position: True,
    is_kept: Callable[[RunSpec], bool] = lambda _spec: False,
) -> list[PlannedRun]:
    """Fill in what each run will take, in order: the first to need a frozen pass carries it.

    `images` are the dataset's, by split; `keeps` says of the run at a position whether it may use a cache, and
    `is_kept` of a run whether a pass has kept what it needs before.
    Early stopping is not foreseen: every epoch counts.
    """
    passes: set[Hashable] = set()
    return [
        replace(run, forecast_s=_seconds(run if keeps(at) else _uncached(run), images, speed, passes, is_kept))
        for at, run in enumerate(runs)
    ]


def total(runs: Sequence[PlannedRun], hardware: str) -> Forecast:
    """Add a plan up; a backbone's weights are downloaded once, whatever is trained on them."""
    weights = {run.spec.backbone: run.download_bytes for run in runs}
    return Forecast(len(runs), sum(weights.values()), sum(run.forecast_s for run in runs), hardware)


def worth_keeping(counts: Counts) -> bool:
    """Say whether a frozen part is large enough that it is likely to be computed once and kept."""
    return counts.frozen_gmacs > SMALL_SHARE * counts.gmacs


def _uncached(run: PlannedRun) -> PlannedRun:
    return replace(run, counts=replace(run.counts, frozen_gmacs=0.0))


def _seconds(
    run: PlannedRun,
    images: Mapping[str, int],
    speed: Speed,
    passes: set[Hashable],
    is_kept: Callable[[RunSpec], bool],
) -> float:
    spec, counts = run.spec, run.counts
    train, val, test = split_counts(images, spec.dataset)
    name, epochs = spec.backbone.name, spec.recipe.epochs
    eager = speed.features.get((name, "eager"), speed.machine.forward_s)
    forward, once = eager * counts.gmacs, 0.0
    if worth_keeping(counts) and not is_kept(spec):
        shared = (spec.backbone, spec.transform, spec.precision, spec.backend, spec.recipe.augment)
        whole = spec.dataset.subset is None
        once = sum(images.values()) if whole else train + val + test
        once += spec.recipe.views * (images.get("train", 0) if whole else train)
        once *= speed.features.get((name, spec.backend), eager) * counts.gmacs
        once *= shared not in passes
        passes.add(shared)
    if not counts.trainable_backbone_params and counts.frozen_gmacs:
        return once + epochs * train / spec.recipe.batch_size * HEAD_STEP_S
    kept = counts.frozen_gmacs if worth_keeping(counts) else 0.0
    step = speed.training.get(name, speed.machine.train_s) * (counts.train_gmacs - kept)
    evaluated = epochs * val + train + val + 2 * test
    return once + epochs * train * step + evaluated * forward * (1 - kept / counts.gmacs)
