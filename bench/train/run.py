"""One run, from its spec to its result."""

from __future__ import annotations

from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from bench import strategies
from bench.classifier import Classifier, assemble
from bench.data.datasets import Dataset
from bench.data.splits import Splits, split
from bench.device import PeakMemory, latency, one_thread, place
from bench.records import FeaturePass, RunResult, TestMetrics, TrainMetrics, ValMetrics
from bench.spec import RunSpec
from bench.train.cache import FeatureCache, Features
from bench.train.checkpoint import snapshot, stored_bytes
from bench.train.evaluate import Floats, measure
from bench.train.features import pooled_features
from bench.train.frontier import Frontier, find_frontier, trained_part
from bench.train.hooks import Hooks
from bench.train.image_inputs import ImageInputs
from bench.train.inputs import FeatureInputs, Inputs
from bench.train.trainer import Trainer
from bench.weights import load_backbone

LATENCY_BATCH = 32


@dataclass
class Workbench:
    """What the runs of one sweep share: the device, the opened dataset, kept features, latencies once measured."""

    device: torch.device
    dataset: Dataset
    cache: FeatureCache = field(default_factory=FeatureCache)
    workers: int | None = None
    latencies: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """A finished run: its result, its scores on val and test, what it trained, and the passes it used."""

    result: RunResult
    splits: Splits
    val_logits: Floats
    test_logits: Floats
    weights: dict[str, Tensor]
    passes: tuple[FeaturePass, ...]


class Run:
    """Executes one spec on a workbench, resuming from `checkpoint` where that is of the same run."""

    def __init__(self, spec: RunSpec, bench: Workbench, checkpoint: Path, hooks: Hooks) -> None:
        self.spec, self.bench, self.checkpoint, self.hooks = spec, bench, checkpoint, hooks
        data = spec.dataset
        self.splits = split(bench.dataset.manifest, data.target, data.val_fraction, data.split_seed)

    def execute(self) -> Outcome:
        """Train, evaluate and measure; see `RunResult` for what each number means.

        Raises DivergedError, StoppedError, and WeightsError or DataError for what is missing or damaged.
        """
        with PeakMemory(self.bench.device) as memory, ExitStack() as stack:
            model, features = self.model, self._features()
            part = place(trained_part(model, self.frontier), self.bench.device)
            inputs = stack.enter_context(closing(self._inputs(features)))
            trainer = Trainer(part, inputs, self.spec, self.bench.device, self.hooks, self.checkpoint)
            trainer.peeks = trainer.peeks or self.frontier == "pooled"
            with one_thread() if self.frontier == "pooled" else nullcontext():
                trainer.fit()
                last = (self._val(trainer), self._test(trainer))
                trainer.state.restore_best()
                val, test = trainer.logits(self.splits.val), trainer.logits(self.splits.test)
                train = measure(TrainMetrics, trainer.logits(self.splits.train), self.splits.train.labels)
            single, batched = self._latencies()
        done = trainer.state.progress
        result = RunResult(
            best_epoch=trainer.state.best.epoch,
            epochs=done.epoch,
            optimizer_steps=done.steps,
            train=train,
            val=measure(ValMetrics, val, self.splits.val.labels),
            test=measure(TestMetrics, test, self.splits.test.labels),
            last_val=last[0],
            last_test=last[1],
            best_on_test_top1=done.test_peak,
            train_s=done.train_s,
            eval_s=done.eval_s,
            feature_s=features.made.seconds if features else 0.0,
            images_per_s=done.epoch * len(self.splits.train) / done.train_s if done.train_s else 0.0,
            peak_memory_bytes=memory.bytes,
            latency_1_s=single,
            latency_batch_s=batched,
            latency_batch_size=LATENCY_BATCH,
            stored_bytes=stored_bytes(part),
            weights_digest=self.weights_digest,
            feature_keys=(features.made.key,) if features else (),
        )
        passes = (features.made,) if features else ()
        return Outcome(result, self.splits, val, test, snapshot(part), passes)

    @cached_property
    def model(self) -> Classifier:
        """The backbone with its weights and the new head, under the run's strategy."""
        backbone, self.weights_digest = load_backbone(
            self.spec.backbone,
            self.spec.transform.image_size,
            drop_path=self.spec.recipe.drop_path,
            seed=self.spec.seed,
        )
        return strategies.apply(assemble(self.spec, backbone), self.spec.strategy)

    @cached_property
    def frontier(self) -> Frontier:
        """Where the frozen part ends."""
        return find_frontier(self.spec, self.model)

    def _features(self) -> Features | None:
        if self.frontier != "pooled":
            return None
        linear = next(m for m in self.model.head.modules() if isinstance(m, nn.Linear))
        return pooled_features(
            self.spec,
            self.model.backbone,
            self.weights_digest,
            linear.in_features,
            self.bench.dataset,
            device=self.bench.device,
            cache=self.bench.cache,
            hooks=self.hooks,
        )

    def _inputs(self, features: Features | None) -> Inputs:
        if features is None:
            return ImageInputs(
                self.spec, self.bench.dataset, self.splits, self.bench.device, self.hooks, self.bench.workers
            )
        return FeatureInputs(
            features.arrays,
            self.splits,
            seed=self.spec.seed,
            batch_size=self.spec.recipe.batch_size,
            device=self.bench.device,
        )

    def _val(self, trainer: Trainer) -> ValMetrics:
        return measure(ValMetrics, trainer.logits(self.splits.val), self.splits.val.labels)

    def _test(self, trainer: Trainer) -> TestMetrics:
        return measure(TestMetrics, trainer.logits(self.splits.test), self.splits.test.labels)

    def _latencies(self) -> tuple[float, float]:
        """Measure inference of one image and of a batch, once for each backbone, image size and head."""
        size = self.spec.transform.image_size
        shared = (f"{self.spec.backbone.name} {self.spec.recipe.head} {self.spec.precision}", size)
        if shared not in self.bench.latencies:
            device = self.bench.device
            model = place(self.model, device).eval()
            images = torch.zeros(LATENCY_BATCH, 3, size, size, device=device)
            images = images.to(memory_format=torch.channels_last)
            single = latency(model, images[:1], device, self.spec.precision)
            self.bench.latencies[shared] = (single, latency(model, images, device, self.spec.precision, 3))
        return self.bench.latencies[shared]
