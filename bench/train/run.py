"""One run, from its spec to its result."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from bench.data.images.training_batches import worker_killed
from bench.data.splits import Split, Splits
from bench.errors import BenchError
from bench.hardware.conditions import Conditions, combined
from bench.hardware.device import one_thread, place
from bench.hardware.peak_memory import PeakMemory
from bench.hardware.tf32 import uses_tf32
from bench.metrics.accuracy import Floats, M, majority_top1, measure
from bench.records.runs import FeaturePass, RunResult, TestMetrics, TrainMetrics, ValMetrics
from bench.spec import RunSpec, digest
from bench.train.checkpoint import snapshot, stored_bytes
from bench.train.frozen.features import kept_features
from bench.train.frozen.frontier import POOLED
from bench.train.heads.each_head import head_contradictions, head_results
from bench.train.hooks import Hooks
from bench.train.image_inputs import ImageInputs
from bench.train.inputs import FeatureInputs, Inputs
from bench.train.latency import deployed, latency
from bench.train.out_of_memory import OutOfMemoryError, does_not_fit, if_it_fits, is_out_of_memory
from bench.train.probe import Probe
from bench.train.run_state import Progress, RunState
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

    def __init__(self, spec: RunSpec, workbench: Workbench, checkpoint: Path, hooks: Hooks) -> None:
        self.spec, self.workbench, self.checkpoint, self.hooks = spec, workbench, checkpoint, hooks
        self.splits = workbench.splits(spec.dataset)

    def execute(self) -> Outcome:
        """Train, evaluate and measure; see `RunResult` for what each number means.

        Raises DivergedError, StoppedError, OutOfMemoryError, and WeightsError or DataError for what is missing or
        damaged.
        """
        self.workbench.shelf.clear_for(self.spec)
        try:
            with PeakMemory(self.workbench.device) as memory, self.at_work(memory):
                trainer = self._trainer()
                trainer.peeks = trainer.peeks or self.frontier.label == POOLED
                with one_thread() if self.frontier.label == POOLED else nullcontext():
                    trainer.state.conditions = self.workbench.gauge.laps()
                    trainer.fit()
                    scores = self.scores(trainer.state, trainer.logits)
                return self.outcome(trainer.state, scores, memory)
        except Exception as error:
            if known := self._explained(error):
                raise known from error
            raise

    def _explained(self, error: Exception) -> BenchError | None:
        """Return the error that says what the system did to this run; None for an error that says so itself."""
        if is_out_of_memory(error) and not isinstance(error, OutOfMemoryError):
            return does_not_fit(self.spec, self.workbench.device, error)
        return worker_killed(error)

    @contextmanager
    def at_work(self, memory: PeakMemory | None = None) -> Iterator[None]:
        """Load the model and what it reads: `model`, `frontier`, `part` and `inputs` are there inside alone.

        What a frozen pass needs does not count for `memory`; the pass has its own.
        """
        memory = memory or PeakMemory(self.workbench.device)
        self.loaded = self.workbench.shelf.load(self.spec, self.hooks.note)
        self.model = self.loaded.classifier(self.spec, self.workbench.device)
        moves = bool(self.model.trainable_backbone) or self.model.update_norm_stats
        try:
            with memory.paused():
                self.frontier, self.kept = kept_features(
                    self.spec, self.model, self.loaded, self.workbench, self.hooks
                )
            self.part = self._part()
            self.inputs = self._inputs()
            with closing(self.inputs):
                yield
        finally:
            for name in ("loaded", "model", "frontier", "kept", "part", "inputs"):
                self.__dict__.pop(name, None)
            if moves:
                self.workbench.shelf.forget()

    def scores(self, state: RunState, logits: Callable[[Split], Floats]) -> Scores:
        """Evaluate the last epoch, and the one that val chose, whose weights the model then has."""
        val, test = self.splits.val, self.splits.test
        last = _measured(ValMetrics, logits(val), val), _measured(TestMetrics, logits(test), test)
        state.restore_best()
        return Scores(*last, logits(self.splits.train), logits(val), logits(test))

    def outcome(self, state: RunState, scores: Scores, memory: PeakMemory) -> Outcome:
        """Put together what a trained run measured."""
        done, splits = state.progress, self.splits
        single, batched = self._latencies(memory)
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
            micro_batch_size=None if self.spec.recipe.optimizer == "lbfgs" else state.micro_batch_size,
            pass_peak_memory_bytes=self.kept.made.peak_memory_bytes if self.kept else None,
            tf32=uses_tf32(self.workbench.device),
            **asdict(self._conditions(done)),
            majority_share=majority_top1(splits.train.labels, splits.train.labels),
            val_majority_top1=majority_top1(splits.train.labels, splits.val.labels),
            test_majority_top1=majority_top1(splits.train.labels, splits.test.labels),
        )
        return Outcome(result, splits, scores.val, scores.test, snapshot(self.model), self._passes())

    def _conditions(self, done: Progress) -> Conditions:
        """Return what the seconds that the run would take alone were measured under."""
        parts = list(done.spent)
        if self.kept:
            parts.append(self.kept.alone)
        if isinstance(self.inputs, ImageInputs):
            parts += self.inputs.prepared
        return combined(parts)

    def _part(self) -> nn.Module:
        """Return what is computed at every step: the head, what is behind the cut, or everything."""
        if self.frontier.cut is None:
            return self.model
        if self.frontier.label == POOLED:
            return self.model.head
        return self.loaded.frontiers(self.model).trained(self.frontier.cut, self.model)

    def _trainer(self) -> Trainer:
        rest = (self.spec, self.workbench.device, self.hooks, self.checkpoint)
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
                self.spec,
                self.workbench.dataset,
                self.splits,
                self.workbench.device,
                self.hooks,
                self.workbench.workers,
                gauge=self.workbench.gauge,
            )
        return FeatureInputs(
            self.kept.arrays,
            self.frontier.cut.channels_last,
            self.splits,
            seed=self.spec.seed,
            batch_size=self.spec.recipe.batch_size,
            device=self.workbench.device,
            views=self.spec.recipe.views if self.spec.recipe.augment else 0,
            rows=self.kept.rows,
        )

    def _cached_bytes(self) -> int:
        return self.kept.made.bytes // max(1, self.kept.made.images) if self.kept else 0

    def _passes(self) -> tuple[FeaturePass, ...]:
        return (self.kept.made,) if self.kept else ()

    def _latencies(self, memory: PeakMemory) -> tuple[float, float]:
        """Measure inference of one image and of a batch, once for all models that compute the same."""
        size = self.spec.transform.image_size
        shared = (f"{_structure(self.model)} {self.spec.precision}", size)
        if shared not in self.workbench.latencies:
            with memory.paused():
                self.workbench.latencies[shared] = self._measured_latencies(size)
        return self.workbench.latencies[shared]

    def _measured_latencies(self, size: int) -> tuple[float, float]:
        """Measure one image and a batch; not a number if memory has no room for it."""
        device, model = self.workbench.device, self.model
        place(model, device)

        def measured(images: int) -> float:
            batch = torch.zeros(images, 3, size, size, device=device).to(memory_format=torch.channels_last)
            return latency(deployed(model, batch[:1], device, self.spec.precision), batch, device)

        single, batched = (if_it_fits(partial(measured, images)) for images in (1, LATENCY_BATCH))
        return single or math.nan, batched or math.nan


def _structure(model: nn.Module) -> str:
    """Hash what a model computes with, whoever made it so: its layers and their shapes; dropout does nothing."""
    layers = [
        str(module)
        for module in model.modules()
        if not any(True for _ in module.children()) and not isinstance(module, nn.Dropout)
    ]
    return digest([layers, [list(p.shape) for p in model.parameters()]], "structure")


def _measured(kind: type[M], logits: Floats, part: Split) -> M:
    return measure(kind, logits, part.labels, part.classes)
