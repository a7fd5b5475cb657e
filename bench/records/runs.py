"""What is known about a run: counted before it, measured during it, kept after it.

Plain frozen records that `plan` and `train` make, `store` keeps and `report` reads; they import neither torch
nor SQLAlchemy. Accuracies are fractions in [0, 1], times are seconds, memory is bytes, compute is 1e9 MACs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.spec import RunSpec

Status = Literal["planned", "running", "done", "failed", "diverged", "interrupted", "pruned"]


@dataclass(frozen=True)
class Counts:
    """Parameters and compute of one backbone under one strategy, with its head.

    `total_params` is backbone and head, `trainable_params` has the head in, `trainable_backbone_params` has it
    out; running statistics are no parameters. `gmacs` is 1e9 multiply-accumulates of one forward pass of one
    image; `train_gmacs` adds the backward pass to it (see `bench.plan.count`). `frozen_gmacs` is the part of
    `gmacs` that is computed once and not in each epoch.
    """

    total_params: int
    trainable_params: int
    trainable_backbone_params: int
    gmacs: float
    train_gmacs: float
    frozen_gmacs: float = 0.0


@dataclass(frozen=True)
class PlannedRun:
    """A run that fits the budget: its spec, its counts, and what it is expected to cost."""

    spec: RunSpec
    counts: Counts
    recipe_name: str = "default"
    family: str = ""
    forecast_s: float = 0.0
    download_bytes: int = 0


@dataclass(frozen=True)
class Metrics:
    """One evaluation of one split; `loss` is the mean cross-entropy without label smoothing, `n` the images.

    `balanced_accuracy` is the mean recall over the classes that are present, NaN in rows from before it was
    measured. Of several targets each number is the mean over them.
    """

    top1: float
    top5: float
    loss: float
    macro_f1: float
    n: int
    balanced_accuracy: float = math.nan


class TrainMetrics(Metrics):
    """Metrics on the images that the run trained on, in evaluation mode."""


class ValMetrics(Metrics):
    """Metrics that may choose: epochs, hyper-parameters, ranks."""


class TestMetrics(Metrics):
    """Metrics that may only be reported; no function that selects accepts them."""

    __test__ = False  # not a pytest class


@dataclass(frozen=True)
class HeadResult:
    """What one head of a joint run measured at the run's best epoch, of its own classes alone."""

    target: str
    num_classes: int
    val: ValMetrics
    test: TestMetrics


@dataclass(frozen=True)
class Contradiction:
    """How often two heads of a joint run contradict each other on `n` images of a split (`val` or `test`).

    `share` of them were given a class of `target` that is not in the group of `group_target` they were given.
    """

    split: str
    target: str
    group_target: str
    share: float
    n: int


@dataclass(frozen=True)
class EpochRecord:
    """One finished epoch. `epoch` counts from 1.

    Train figures are means over the epoch while it trains; `test_*` are None unless evaluating test was free or
    asked for. Epochs recorded before protocol 3 have no `train_top5`, `test_top5` and `test_loss`.
    """

    epoch: int
    steps: int
    lr: float
    train_loss: float
    train_top1: float
    val: ValMetrics
    train_s: float
    eval_s: float
    test_top1: float | None = None
    train_top5: float | None = None
    test_top5: float | None = None
    test_loss: float | None = None


@dataclass(frozen=True)
class FeaturePass:
    """What a pass of a frozen backbone over a dataset's images kept at one frontier, stored once as what it cost.

    Frontiers that one pass filled share its `pass_key`, and each says what the pass as a whole took: sum `seconds`
    once for each `pass_key`. An empty one stands for `key`: the pass filled nothing else. `peak_memory_bytes` is
    the most memory that the pass held; None if an older version made it. `cpu_s`, `load`, `slowdown` and
    `disturbed` are the conditions of `seconds` (`bench.hardware.conditions`).
    """

    key: str
    backbone: str
    dataset: str
    images: int
    bytes: int
    seconds: float
    hardware: str
    pass_key: str = ""
    peak_memory_bytes: int | None = None
    cpu_s: float | None = None
    load: float | None = None
    slowdown: float | None = None
    disturbed: bool | None = None


@dataclass(frozen=True)
class RunResult:
    """What a finished run measured.

    `train`, `val` and `test` are at `best_epoch`, the epoch that `val` chose. `last_test` and `best_on_test_top1`
    never rank anything. `feature_s` is what the shared feature pass cost as a whole, decoding included
    (0 where there is none), `prepared_s` what decoding and resizing the images cost that a run without such a pass
    reads, and `standalone_s = feature_s + prepared_s + train_s + eval_s` what this run would have cost alone.
    `latency_1_s` is the time of one image alone, `latency_batch_s` of a batch of `latency_batch_size`.
    `stored_bytes` is the size of the parameters and statistics that this run changed. `frontier` says where the
    frozen part ended (`pooled`, `blocks.5`, or `images` where nothing was kept), `cached_bytes` how many bytes are
    kept of each image there. `feature_hardware` computed what is kept, so `feature_s` was measured on it. Of a
    joint run every metric is the mean over its `heads`. `peak_memory_bytes` is of training and evaluation,
    `pass_peak_memory_bytes` of the pass that the run read, whoever computed it. `micro_batch_size` is how many
    images of a step were computed at a time (None for the probe), `tf32` whether fp32 was rounded to TF32 (None
    if not on CUDA). `majority_share` is the share of the most frequent class in train, `..._majority_top1` the
    accuracy of always naming that class. `cpu_s`, `load`, `slowdown` and `disturbed` are the conditions of
    `standalone_s` (`bench.hardware.conditions`), of a pass or of images that were made earlier those of then.
    """

    best_epoch: int
    epochs: int
    optimizer_steps: int
    train: TrainMetrics
    val: ValMetrics
    test: TestMetrics
    last_val: ValMetrics
    last_test: TestMetrics
    best_on_test_top1: float | None
    train_s: float
    eval_s: float
    feature_s: float
    images_per_s: float
    peak_memory_bytes: int
    latency_1_s: float
    latency_batch_s: float
    latency_batch_size: int
    stored_bytes: int
    weights_digest: str | None
    feature_keys: tuple[str, ...] = ()
    feature_hardware: str = ""
    frontier: str = ""
    cached_bytes: int = 0
    heads: tuple[HeadResult, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    prepared_s: float = 0.0
    micro_batch_size: int | None = None
    pass_peak_memory_bytes: int | None = None
    tf32: bool | None = None
    majority_share: float = math.nan
    val_majority_top1: float = math.nan
    test_majority_top1: float = math.nan
    cpu_s: float | None = None
    load: float | None = None
    slowdown: float | None = None
    disturbed: bool | None = None

    @property
    def standalone_s(self) -> float:
        """Seconds this run would have taken alone."""
        return self.feature_s + self.prepared_s + self.train_s + self.eval_s


@dataclass(frozen=True)
class Provenance:
    """Where and how an attempt ran. None of it is part of the run's identity.

    `hardware` is one line that names processor or GPU and thread count: times compare only where it is equal.
    """

    hardware: str
    device: str
    threads: int
    host: str
    command: str
    versions: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True)
class Rejected:
    """A backbone x strategy that the plan left out, and why."""

    backbone: str
    strategy: str
    reason: str
    counts: Counts | None = None


@dataclass(frozen=True)
class SweepRecord:
    """One `bench sweep`: what was asked, what was planned, what the budget rejected."""

    command: str
    dataset: str
    budget: str
    run_ids: tuple[str, ...]
    rejected: tuple[Rejected, ...] = ()
    request: dict[str, Any] = field(default_factory=dict)
