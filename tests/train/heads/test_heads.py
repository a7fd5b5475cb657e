"""Runs trained together are the runs trained alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.data.splits import Splits, TestSplit, TrainSplit, ValSplit
from bench.errors import DivergedError
from bench.hardware.device import one_thread
from bench.hardware.gauge import Gauge
from bench.models.head_modules import build_head
from bench.random_keys import key
from bench.records.rungs import Halt
from bench.records.runs import EpochRecord
from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec
from bench.train.heads.alone import Alone, measure_alone
from bench.train.heads.stacked import stackable
from bench.train.heads.training import HeadsTrainer
from bench.train.hooks import Hooks, PrunedError, StoppedError
from bench.train.inputs import FeatureInputs
from bench.train.run_state import RunState
from bench.train.trainer import Trainer

WIDTH, CLASSES = 40, 5
CPU = torch.device("cpu")
CLOCKED = ("train_s", "eval_s")


def spec(seed: int = 0, **recipe: Any) -> RunSpec:
    recipe = {"optimizer": "adam", "epochs": 4, "batch_size": 16, "head": ("dropout(0.2)", "linear"), **recipe}
    return RunSpec(
        dataset=DatasetSpec(name="clouds", num_classes=CLASSES, fingerprint="f"),
        backbone=BackboneSpec(library="timm", architecture="none"),
        strategy="linear",
        recipe=RecipeSpec.model_validate(recipe),
        transform=TransformSpec(image_size=32),
        seed=seed,
    )


@pytest.fixture(scope="module")
def inputs() -> FeatureInputs:
    """Overlapping clouds of features: 130 to train, so that the last batch of 16 has two."""
    random = np.random.default_rng(0)
    centres = random.normal(0, 0.45, (CLASSES, WIDTH))
    arrays, splits = {}, {}
    for name, kind, count in (("train", TrainSplit, 130), ("val", ValSplit, 60), ("test", TestSplit, 75)):
        labels = np.arange(count) % CLASSES
        arrays[name] = ((centres[labels] + random.normal(0, 1, (count, WIDTH))).astype(np.float32),)
        splits[name] = kind(name, np.arange(count), tuple(f"{name}{i}" for i in range(count)), labels)
    return FeatureInputs(arrays, (False,), Splits(**splits), seed=0, batch_size=16, device=CPU)


@pytest.fixture(scope="module")
def joint(inputs: FeatureInputs) -> FeatureInputs:
    """The same features under two targets, of 3 and of 2 classes."""
    parts = {}
    for name in ("train", "val", "test"):
        part = getattr(inputs.splits, name)
        labels = np.stack([part.labels % 3, part.labels // 3], axis=1)
        parts[name] = dataclasses.replace(part, labels=labels, classes=(3, 2))
    return FeatureInputs(inputs._arrays, (False,), Splits(**parts), seed=0, batch_size=16, device=CPU)


@dataclasses.dataclass
class Ended:
    """What one run was when it ended."""

    records: list[EpochRecord]
    weights: dict[str, torch.Tensor]
    best_epoch: int
    test_peak: float | None
    logits: Any
    error: Exception | None = None


class Company:
    """Trains specs together, or one alone, and keeps how each ended."""

    def __init__(self, inputs: FeatureInputs, folder: Path) -> None:
        self.inputs, self.folder = inputs, folder
        self.ended: dict[str, Ended] = {}
        self.records: dict[str, list[EpochRecord]] = {}
        self.stop = lambda: False
        self.prune: dict[str, Any] = {}

    def hooks(self, which: RunSpec) -> Hooks:
        heard = self.records.setdefault(which.run_id, [])
        prune = self.prune.get(which.run_id, lambda _: None)
        return Hooks(epoch=heard.append, stop=self.stop, prune=prune)

    def state(self, which: RunSpec) -> RunState:
        torch.manual_seed(key(which.seed, "head"))
        head = build_head(which.recipe.head, WIDTH, CLASSES)
        return RunState(head, which, CPU, self.hooks(which), self.folder / f"{which.run_id}.pt")

    def together(self, specs: Sequence[RunSpec]) -> list[Ended]:
        states = [self.state(which) for which in specs]
        self.trainer = HeadsTrainer(states, self.inputs, CPU, Hooks(stop=self.stop), Alone(0.001, 0.002))
        self.trainer.fit(self)
        return [self.ended[which.run_id] for which in specs]

    def alone(self, which: RunSpec) -> Ended:
        state = self.state(which)
        trainer = Trainer(
            state.model, self.inputs.with_seed(which.seed), which, CPU, self.hooks(which), state.path
        )
        trainer.peeks = True
        try:
            with one_thread():
                trainer.fit()
            self._end(trainer.state, trainer.logits(self.inputs.splits.test))
        except Exception as error:  # noqa: BLE001 - kept, as together
            self.failed(trainer.state, error)
        return self.ended[which.run_id]

    def finished(self, state: RunState) -> None:
        self._end(state, self.trainer.logits(state, self.inputs.splits.test))

    def failed(self, state: RunState, error: Exception) -> None:
        self._end(state, None, error)

    def _end(self, state: RunState, logits: Any, error: Exception | None = None) -> None:
        weights = {name: p.detach().clone() for name, p in state.model.named_parameters()}
        records = self.records[state.spec.run_id]
        self.ended[state.spec.run_id] = Ended(
            records, weights, state.best.epoch, state.progress.test_peak, logits, error
        )


def same(one: Ended, other: Ended, tolerance: float = 0.0) -> None:
    """The epochs, the weights, the chosen epoch and the scores are the same."""
    assert type(one.error) is type(other.error)
    assert [measured(r) for r in one.records] == [
        pytest.approx(measured(r), rel=tolerance, abs=tolerance) for r in other.records
    ]
    assert (one.best_epoch, one.test_peak) == (other.best_epoch, other.test_peak)
    for name, weights in one.weights.items():
        torch.testing.assert_close(weights, other.weights[name], rtol=tolerance, atol=tolerance, equal_nan=True)
    if one.logits is not None:
        np.testing.assert_allclose(one.logits, other.logits, rtol=tolerance, atol=tolerance)


def measured(record: EpochRecord) -> dict[str, Any]:
    """What an epoch measured, without what depends on the clock."""
    known = {k: v for k, v in dataclasses.asdict(record).items() if k not in CLOCKED}
    return known | {f"val_{k}": v for k, v in known.pop("val").items()}


@pytest.fixture
def compare(inputs: FeatureInputs, tmp_path: Path) -> Any:
    """Train specs together and each alone, and compare."""

    def check(specs: Sequence[RunSpec], tolerance: float = 0.0, read: FeatureInputs | None = None) -> list[Ended]:
        found = Company(read or inputs, tmp_path / "together").together(specs)
        for which, ended in zip(specs, found, strict=True):
            same(ended, Company(read or inputs, tmp_path / "alone").alone(which), tolerance)
        return found

    for name in ("together", "alone"):
        (tmp_path / name).mkdir()
    return check


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
def test_runs_together_are_to_the_bit_what_they_are_alone(optimizer: str, compare: Any) -> None:
    rates = [(1e-3, 0.0), (1e-2, 1e-2), (3e-3, 1e-4)]
    compare([spec(optimizer=optimizer, lr=lr, weight_decay=decay) for lr, decay in rates])


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "constant"},
        {"kind": "step", "step_size": 2, "gamma": 0.5},
        {"kind": "cosine", "warmup_epochs": 1.5},
        {"kind": "plateau", "patience": 0, "factor": 0.3},
    ],
    ids=lambda schedule: schedule["kind"],
)
def test_every_run_follows_its_own_schedule(schedule: dict[str, Any], compare: Any) -> None:
    compare([spec(lr=lr, epochs=6, schedule=schedule) for lr in (0.5, 0.01)] + [spec(lr=0.01, epochs=6)])


def test_smoothing_and_clipping_are_each_runs_own(compare: Any) -> None:
    compare([
        spec(label_smoothing=0.1), spec(clip_grad_norm=0.05), spec(clip_grad_norm=0.05, label_smoothing=0.3),
        spec(clip_grad_norm=1e6), spec(lr=0.1), spec(seed=1, lr=1.0, clip_grad_norm=0.01), spec(seed=2, lr=0.3),
    ])  # fmt: skip


def test_seeds_and_dropouts_are_streams_of_their_own(compare: Any) -> None:
    heads = [("linear",), ("dropout(0.5)", "linear"), ("dropout(0.2)", "dropout(0.1)", "linear")]
    compare([spec(seed=seed, lr=lr, head=head) for seed in (0, 3) for head in heads for lr in (0.01, 0.003)])


def test_hidden_layers_train_together(compare: Any) -> None:
    heads = [
        ("linear(48)", "relu", "linear"),
        ("dropout(0.1)", "linear(48)", "relu", "dropout(0.3)", "linear"),
        ("linear(48)", "dropout(0.3)", "relu", "dropout(0.1)", "linear", "dropout(0.05)"),
    ]
    rates = (0.01, 0.02)
    compare([spec(seed=s, head=h, clip_grad_norm=0.5, lr=lr) for s in (0, 1) for h in heads for lr in rates])


@pytest.mark.parametrize("activation", ["gelu", "silu", "tanh", "leaky_relu"])
def test_smooth_activations_agree_to_six_digits(activation: str, compare: Any) -> None:
    head = ("linear(23)", activation, "dropout(0.3)", "linear")
    compare([spec(head=head, lr=lr) for lr in (0.01, 0.003, 0.03)], tolerance=2e-6)


def test_joint_runs_together_are_to_the_bit_what_they_are_alone(joint: FeatureInputs, compare: Any) -> None:
    ended = compare(
        [
            spec(), spec(lr=0.05, weight_decay=0.1), spec(label_smoothing=0.2), spec(clip_grad_norm=0.05),
            spec(seed=1), spec(seed=1, head=("dropout(0.5)", "linear"), label_smoothing=0.1), spec(seed=2, lr=0.3),
        ],
        read=joint,
    )  # fmt: skip
    assert len({e.best_epoch for e in ended}) > 1


def test_what_was_interrupted_of_joint_runs_goes_on(joint: FeatureInputs, tmp_path: Path) -> None:
    specs = [spec(lr=lr, epochs=5) for lr in (0.01, 0.03)]
    begun = Company(joint, tmp_path)
    begun.stop = lambda: len(begun.records[specs[-1].run_id]) >= 2
    assert {type(e.error) for e in begun.together(specs)} == {StoppedError}
    later = Company(joint, tmp_path)
    later.records = begun.records
    (tmp_path / "whole").mkdir()
    for which in specs:
        same(later.alone(which), Company(joint, tmp_path / "whole").alone(which))


def test_on_a_frozen_trunk_a_joint_run_is_its_heads_alone_at_a_step_so_many_times_smaller(
    joint: FeatureInputs, tmp_path: Path
) -> None:
    rest = {"optimizer": "sgd", "momentum": 0.0, "head": ("linear",), "schedule": {"kind": "constant"}}
    both = spec(lr=0.2, label_smoothing=0.1, select="val_loss", **rest)
    torch.manual_seed(key(0, "head"))
    layer = build_head(("linear",), WIDTH, CLASSES)[0]
    whole = {name: p.detach().clone() for name, p in layer.named_parameters()}
    trained = Company(joint, tmp_path).alone(both)
    for number, span in enumerate((slice(0, 3), slice(3, 5))):
        one = spec(lr=0.1, label_smoothing=0.1, **rest)
        parts = {
            name: dataclasses.replace(part, labels=part.labels[:, number], classes=())
            for name, part in vars(joint.splits).items()
        }
        inputs = FeatureInputs(joint._arrays, (False,), Splits(**parts), seed=0, batch_size=16, device=CPU)
        head = build_head(("linear",), WIDTH, span.stop - span.start)
        for name, parameter in head[0].named_parameters():
            parameter.data = whole[name][span].clone()
        trainer = Trainer(head, inputs, one, CPU, Hooks(), tmp_path / f"{number}.pt")
        trainer.fit()
        np.testing.assert_allclose(
            trained.logits[:, span], trainer.logits(inputs.splits.test), rtol=1e-4, atol=1e-5
        )


def test_each_run_stops_early_at_its_own_epoch(compare: Any) -> None:
    early = {"metric": "val_loss", "patience": 2}
    ended = compare([spec(lr=lr, epochs=12, early_stopping=early, select="val_loss") for lr in (0.3, 0.03, 0.001)])
    assert len({len(e.records) for e in ended}) == 3


def test_runs_of_different_lengths_end_when_they_are_done(compare: Any) -> None:
    ended = compare([spec(epochs=epochs, lr=lr) for epochs, lr in ((2, 0.01), (5, 0.02), (3, 0.03), (5, 0.04))])
    assert [len(e.records) for e in ended] == [2, 5, 3, 5]


def test_a_run_that_diverges_hurts_no_other(compare: Any) -> None:
    wild = spec(optimizer="sgd", lr=1e38)
    ended = compare([spec(optimizer="sgd", lr=0.01), wild, spec(optimizer="sgd", lr=0.1, clip_grad_norm=1.0)])
    assert [type(e.error) for e in ended] == [type(None), DivergedError, type(None)]
    assert [len(e.records) for e in ended] == [4, 0, 4]


def test_a_run_that_is_pruned_leaves_the_others_to_their_end(inputs: FeatureInputs, tmp_path: Path) -> None:
    specs = [spec(lr=lr, epochs=5) for lr in (0.01, 0.02, 0.03)]
    company = Company(inputs, tmp_path)
    company.prune[specs[1].run_id] = lambda epoch: Halt(1, 2, "Slow.") if epoch == 2 else None
    first, pruned, last = company.together(specs)
    assert isinstance(pruned.error, PrunedError)
    assert [len(e.records) for e in (first, pruned, last)] == [5, 2, 5]
    (tmp_path / "alone").mkdir()
    same(last, Company(inputs, tmp_path / "alone").alone(specs[2]))
    again = Company(inputs, tmp_path)
    again.records = company.records
    same(again.alone(specs[1]), Company(inputs, tmp_path / "alone").alone(specs[1]))


@pytest.mark.parametrize("then", ["alone", "together"])
def test_what_was_interrupted_in_company_goes_on(then: str, inputs: FeatureInputs, tmp_path: Path) -> None:
    specs = [spec(seed=seed, lr=lr, epochs=6, optimizer="adamw") for seed in (0, 1) for lr in (0.01, 0.03)]
    begun = Company(inputs, tmp_path)
    begun.stop = lambda: len(begun.records[specs[-1].run_id]) >= 2
    assert {type(e.error) for e in begun.together(specs)} == {StoppedError}
    later = Company(inputs, tmp_path)
    later.records = begun.records
    order = specs[::-1][1:]
    found = later.together(order) if then == "together" else [later.alone(s) for s in order]
    (tmp_path / "whole").mkdir()
    for which, ended in zip(order, found, strict=True):
        assert [r.epoch for r in ended.records] == [1, 2, 3, 4, 5, 6]
        same(ended, Company(inputs, tmp_path / "whole").alone(which))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_runs_interrupted_alone_at_different_epochs_go_on_together(
    optimizer: str, inputs: FeatureInputs, tmp_path: Path
) -> None:
    specs = [spec(lr=lr, epochs=5, optimizer=optimizer) for lr in (0.01, 0.02, 0.03)]
    records = {}
    for epochs, which in enumerate(specs[:2], start=1):
        begun = Company(inputs, tmp_path)
        begun.stop = lambda begun=begun, which=which, epochs=epochs: len(begun.records[which.run_id]) == epochs
        assert isinstance(begun.alone(which).error, StoppedError)
        records |= begun.records
    later = Company(inputs, tmp_path)
    later.records = records
    found = later.together(specs)
    (tmp_path / "whole").mkdir()
    for which, ended in zip(specs, found, strict=True):
        same(ended, Company(inputs, tmp_path / "whole").alone(which))


def test_a_run_whose_hooks_fail_is_that_runs_matter_alone(inputs: FeatureInputs, tmp_path: Path) -> None:
    specs = [spec(lr=lr) for lr in (0.01, 0.02)]
    company = Company(inputs, tmp_path)

    def refuse(_epoch: int) -> None:
        raise ValueError("no more")

    company.prune[specs[0].run_id] = refuse
    failed, done = company.together(specs)
    assert isinstance(failed.error, ValueError)
    assert done.error is None
    assert len(done.records) == 4


def test_what_a_run_costs_alone_is_measured_on_a_copy(inputs: FeatureInputs) -> None:
    head = build_head(("dropout(0.2)", "linear"), WIDTH, CLASSES)
    before = {name: p.clone() for name, p in head.named_parameters()}
    cost = measure_alone(head, spec(), inputs, Gauge(CPU))
    assert cost.step_s > 0
    assert cost.eval_s > 0
    assert all(torch.equal(p, before[name]) for name, p in head.named_parameters())


@pytest.mark.parametrize(("layer", "fits"), [("batch_norm", False), ("layer_norm", False), ("tanh", True)])
def test_heads_with_norms_are_not_stacked(layer: str, fits: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert stackable(build_head(("linear(8)", layer, "linear"), WIDTH, CLASSES)) == fits
