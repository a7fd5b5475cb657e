"""Typed rows that the store returns. Units as in `bench.records.runs`, times in seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bench.spec import RunSpec


class RunRow(NamedTuple):
    """One run, flat: what identifies it, its counts, its status and, once it is done, what it measured.

    `status_at` is when the status last changed. Everything from `hardware` on is None until the run is done, and a
    number that was not finite is None. `hardware` names each hardware that the run trained on, joined with " + ".
    `frozen_gmacs`, `frontier` and `cached_bytes` are None where a bench of before they were known wrote the row;
    `pruned_at_epoch` and `rung` are None unless the run is pruned. `subset` is empty where the run saw the whole
    dataset, else what it saw: `train=5000,val=45000`; `class_groups` is empty, or a digest of groups of classes
    that a user made a target of.
    """

    run_id: str
    group_id: str
    dataset: str
    target: str
    num_classes: int
    fingerprint: str | None
    val_fraction: float
    split_seed: int
    backbone: str
    family: str
    weights_source: str
    weights_tag: str
    strategy: str
    recipe_name: str
    seed: int
    image_size: int
    precision: str
    backend: str
    protocol: int
    total_params: int
    trainable_params: int
    trainable_backbone_params: int
    gmacs: float
    train_gmacs: float
    forecast_s: float
    download_bytes: int
    status: str
    status_at: float
    created_at: float
    hardware: str | None
    best_epoch: int | None
    epochs: int | None
    optimizer_steps: int | None
    train_top1: float | None
    train_top5: float | None
    train_loss: float | None
    train_macro_f1: float | None
    train_n: int | None
    val_top1: float | None
    val_top5: float | None
    val_loss: float | None
    val_macro_f1: float | None
    val_n: int | None
    test_top1: float | None
    test_top5: float | None
    test_loss: float | None
    test_macro_f1: float | None
    test_n: int | None
    last_val_top1: float | None
    last_val_top5: float | None
    last_val_loss: float | None
    last_val_macro_f1: float | None
    last_test_top1: float | None
    last_test_top5: float | None
    last_test_loss: float | None
    last_test_macro_f1: float | None
    best_on_test_top1: float | None
    train_s: float | None
    eval_s: float | None
    feature_s: float | None
    standalone_s: float | None
    images_per_s: float | None
    peak_memory_bytes: int | None
    latency_1_s: float | None
    latency_batch_s: float | None
    latency_batch_size: int | None
    stored_bytes: int | None
    weights_digest: str | None
    frozen_gmacs: float | None
    frontier: str | None
    cached_bytes: int | None
    pruned_at_epoch: int | None
    rung: int | None
    subset: str
    class_groups: str
    train_balanced_accuracy: float | None = None
    val_balanced_accuracy: float | None = None
    test_balanced_accuracy: float | None = None
    last_val_balanced_accuracy: float | None = None
    last_test_balanced_accuracy: float | None = None
    majority_share: float | None = None
    val_majority_top1: float | None = None
    test_majority_top1: float | None = None
    cpu_s: float | None = None
    load: float | None = None
    slowdown: float | None = None
    disturbed: bool | None = None
    micro_batch_size: int | None = None
    pass_peak_memory_bytes: int | None = None
    tf32: bool | None = None


@dataclass(frozen=True)
class StoredRun:
    """One run with its whole spec, as plain data (`spec_data`) and as the record (`spec`)."""

    row: RunRow
    spec_data: dict[str, Any]

    @property
    def spec(self) -> RunSpec:
        """The spec; raises pydantic.ValidationError where another version of bench wrote it differently."""
        return RunSpec.model_validate(self.spec_data)


@dataclass(frozen=True)
class AttemptRow:
    """One try at a run. `error_*` are None unless it went wrong; `error_trace` is there for unforeseen errors."""

    number: int
    status: str
    host: str
    pid: int
    started_at: float
    finished_at: float | None
    hardware: str
    error_type: str | None
    error_what: str | None
    error_why: str | None
    error_todo: str | None
    error_trace: str | None
    provenance: dict[str, Any]


@dataclass(frozen=True)
class SweepRow:
    """One sweep, with how many runs it planned, how many of them are done, and how many it left out."""

    id: int
    command: str
    dataset: str
    budget: str
    created_at: float
    planned: int
    done: int
    rejected: int


class SweepSpan(NamedTuple):
    """From when until when a sweep's runs were worked on since it was recorded, in so many attempts."""

    began_at: float
    ended_at: float
    attempts: int


class SweepAttempt(NamedTuple):
    """One try at a run of a sweep. `worker_id` is the process that made it, for as long as it swept.

    `seen_at` is when it ended or, of one that has not, when its process was last heard of.
    """

    run_id: str
    number: int
    status: str
    worker_id: str
    host: str
    pid: int
    hardware: str
    started_at: float
    finished_at: float | None
    error_type: str | None
    error_what: str | None
    error_why: str | None
    seen_at: float
    command: str | None


class PassRead(NamedTuple):
    """A feature pass that a run has read at its frontier `key`.

    The rest says what the pass cost as a whole (`FeaturePass`), whoever else reads it: rows of one `pass_key` and
    `hardware` are one pass. It is None where this database has not seen the pass.
    """

    run_id: str
    key: str
    pass_key: str | None
    hardware: str | None
    backbone: str | None
    dataset: str | None
    images: int | None
    bytes: int | None
    seconds: float | None
    created_at: float | None


class Environment(NamedTuple):
    """A hardware and the library versions on it, with how many runs were finished there."""

    hardware: str
    versions: dict[str, str]
    runs: int


class TimingSummary(NamedTuple):
    """One `bench timing` without its samples; `cases` counts what it measured."""

    name: str
    created_at: float
    hardware: str
    threads: int
    cases: int


@dataclass(frozen=True)
class Rates:
    """What compute has cost on one hardware, by backbone, as medians over what is stored.

    `training` is seconds per train_gmac per image seen, of runs that trained without cached features; `features`
    is seconds per gmac per image of feature passes, by backbone and backend. What has not run there is missing.
    """

    training: dict[str, float] = field(default_factory=dict)
    features: dict[tuple[str, str], float] = field(default_factory=dict)


class HeadRow(NamedTuple):
    """What one head of a joint run measured on one split (`val` or `test`); None where it was not finite."""

    target: str
    split: str
    num_classes: int
    top1: float | None
    top5: float | None
    loss: float | None
    macro_f1: float | None
    n: int
    balanced_accuracy: float | None = None


class ContradictionCount(NamedTuple):
    """The share of `n` images of a split whose class under `target` is not in their group under `group_target`."""

    split: str
    target: str
    group_target: str
    share: float | None
    n: int


@dataclass(frozen=True)
class RunHeads:
    """What the heads of a run measured, and how often they contradict each other; empty of a run with one head."""

    metrics: tuple[HeadRow, ...] = ()
    contradictions: tuple[ContradictionCount, ...] = ()
