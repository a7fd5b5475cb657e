"""One run, from its spec to its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from bench.data.splits import Split, Splits
from bench.device import PeakMemory, latency, one_thread, place
from bench.errors import BenchError
from bench.records import FeaturePass, RunResult, TestMetrics, TrainMetrics, ValMetrics
from bench.spec import RunSpec
from bench.train.checkpoint import snapshot, stored_bytes
from bench.train.each_head import head_contradictions, head_results
from bench.train.evaluate import Floats, M, measure
from bench.train.features import kept_features
from bench.train.frontier import POOLED
from bench.train.hooks import Hooks
from bench.train.image_inputs import ImageInputs
from bench.train.inputs import FeatureInputs, Inputs
from bench.train.probe import Probe
from bench.train.run_state import RunState
from bench.train.trainer import Trainer
from bench.train.workbench import Workbench

LATENCY_BATCH = 32


@dataclass(frozen=True)
class Outcome:
    """A finished run: its result, its scores on val and test, what it trained, and the passes it used."""

    result: RunResult
    splits: Splits
    val_logits: Floats
    test_logits: Floats
    weights: dict[str, Tensor]
    passes: tuple[FeaturePass, ...]


@dataclass(frozen=True)
class Scores:
    """A trained model's scores at the epoch that val chose, (N, classes), and its metrics after the last epoch."""

    last_val: ValMetrics
    last_test: TestMetrics
    train: Floats
    val: Floats
    test: Floats


class Run:
    """Executes one spec on a workbench, resuming from `checkpoint` where that is of the same run."""

    def __init__(self, spec: RunSpec, bench: Workbench, checkpoint: Path, hooks: Hooks) -> None:
        self.spec, self.bench, self.checkpoint, self.hooks = spec, bench, checkpoint, hooks
        self.splits = bench.splits(spec.dataset)

    def execute(self) -> Outcome:
        """Train, evaluate and measure; see `RunResult` for what each number means.

        Raises DivergedError, StoppedError, and WeightsError or DataError for what is missing or damaged.
        """
        with PeakMemory(self.bench.device) as memory, self.at_work():
            trainer = self._trainer()
            trainer.peeks = trainer.peeks or self.frontier.label == POOLED
            with one_thread() if self.frontier.label == POOLED else nullcontext():
                trainer.fit()
                scores = self.scores(trainer.state, trainer.logits)
            return self.outcome(trainer.state, scores, memory)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Load the model and what it reads: `model`, `frontier`, `part` and `inputs` are there inside."""
        self.loaded = self.bench.shelf.load(self.spec, self.hooks.note)
        self.model = self.loaded.classifier(self.spec, self.bench.device)
        moves = bool(self.model.trainable_backbone) or self.model.update_norm_stats
        try:
            self.frontier, self.kept = kept_features(self.spec, self.model, self.loaded, self.bench, self.hooks)
            self.part = self._part()
            self.inputs = self._inputs()
            with closing(self.inputs):
                yield
        finally:
            if moves:
                self.bench.shelf.forget()

    def scores(self, state: RunState, logits: Callable[[Split], Floats]) -> Scores:
        """Evaluate the last epoch, and the one that val chose, whose weights the model then has."""
        val, test = self.splits.val, self.splits.test
        last = _measured(ValMetrics, logits(val), val), _measured(TestMetrics, logits(test), test)
        state.restore_best()
        return Scores(*last, logits(self.splits.train), logits(val), logits(test))

    def outcome(self, state: RunState, scores: Scores, memory: PeakMemory) -> Outcome:
        """Put together what a trained run measured."""
        done, splits = state.progress, self.splits
        single, batched = self._latencies()
        result = RunResult(
            best_epoch=state.best.epoch,
            epochs=done.epoch,
            optimizer_steps=done.steps,
            train=_measured(TrainMetrics, scores.train, splits.train),
            val=_measured(ValMetrics, scores.val, splits.val),
            test=_measured(TestMetrics, scores.test, splits.test),
            last_val=scores.last_val,
            last_test=scores.last_test,
            best_on_test_top1=done.test_peak,
            train_s=done.train_s,
            eval_s=done.eval_s,
            feature_s=self.kept.alone_s if self.kept else 0.0,
            prepared_s=self.inputs.prepared_s if isinstance(self.inputs, ImageInputs) else 0.0,
            images_per_s=done.epoch * len(splits.train) / done.train_s if done.train_s else 0.0,
            peak_memory_bytes=memory.bytes,
            latency_1_s=single,
            latency_batch_s=batched,
            latency_batch_size=LATENCY_BATCH,
            stored_bytes=stored_bytes(self.model),
            weights_digest=self.loaded.weights_digest,
            feature_keys=(self.kept.made.key,) if self.kept else (),
            feature_hardware=self.kept.made.hardware if self.kept else "",
            frontier=self.frontier.label,
            cached_bytes=self._cached_bytes(),
            heads=head_results(self.spec.dataset.targets, splits, scores.val, scores.test),
            contradictions=head_contradictions(self.spec.dataset.targets, splits, scores.val, scores.test),
        )
        return Outcome(result, splits, scores.val, scores.test, snapshot(self.model), self._passes())

    def _part(self) -> nn.Module:
        """Return what is computed at every step: the head, what is behind the cut, or everything."""
        if self.frontier.cut is None:
            return self.model
        if self.frontier.label == POOLED:
            return self.model.head
        return self.loaded.frontiers(self.model).trained(self.frontier.cut, self.model)

    def _trainer(self) -> Trainer:
        rest = (self.spec, self.bench.device, self.hooks, self.checkpoint)
        if self.spec.recipe.optimizer != "lbfgs":
            return Trainer(self.part, self.inputs, *rest)
        if not isinstance(self.inputs, FeatureInputs):
            kept = self.spec.features == "kept"
            raise BenchError(
                "L-BFGS has no kept features to read.",
                f"{'There is no room for them' if kept else 'Its run keeps none'}, and it would compute them anew "
                "for every step.",
                f"{'Free some disk, raise --cache-budget, or take' if kept else 'Take'} another --recipe.",
            )
        return Probe(self.part, self.inputs, *rest)

    def _inputs(self) -> Inputs:
        if self.kept is None or self.frontier.cut is None:
            return ImageInputs(
                self.spec, self.bench.dataset, self.splits, self.bench.device, self.hooks, self.bench.workers
            )
        return FeatureInputs(
            self.kept.arrays,
            self.frontier.cut.channels_last,
            self.splits,
            seed=self.spec.seed,
            batch_size=self.spec.recipe.batch_size,
            device=self.bench.device,
            views=self.spec.recipe.views if self.spec.recipe.augment else 0,
        )

    def _cached_bytes(self) -> int:
        return self.kept.made.bytes // max(1, self.kept.made.images) if self.kept else 0

    def _passes(self) -> tuple[FeaturePass, ...]:
        return (self.kept.made,) if self.kept else ()

    def _latencies(self) -> tuple[float, float]:
        """Measure inference of one image and of a batch, once for each backbone, image size and head.

        A dropout computes nothing then.
        """
        size = self.spec.transform.image_size
        layers = [layer for layer in self.spec.recipe.head if not layer.startswith("dropout")]
        shared = (f"{self.spec.backbone.name} {layers} {self.spec.precision}", size)
        if shared not in self.bench.latencies:
            device = self.bench.device
            model = place(self.model, device).eval()
            images = torch.zeros(LATENCY_BATCH, 3, size, size, device=device)
            images = images.to(memory_format=torch.channels_last)
            single = latency(model, images[:1], device, self.spec.precision)
            self.bench.latencies[shared] = (single, latency(model, images, device, self.spec.precision, 3))
        return self.bench.latencies[shared]


def _measured(kind: type[M], logits: Floats, part: Split) -> M:
    return measure(kind, logits, part.labels, part.classes)
