"""The L-BFGS probe finds what scikit-learn's logistic regression finds, and is a run like every other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler
from torch import nn

from bench.data.splits import Splits, TestSplit, TrainSplit, ValSplit
from bench.errors import BenchError
from bench.hardware.device import one_thread
from bench.records.runs import EpochRecord
from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec
from bench.train.hooks import Hooks, StoppedError
from bench.train.inputs import FeatureInputs
from bench.train.probe import Probe, weight_decay

Maker = Callable[..., Any]
CPU = torch.device("cpu")
GRID = 15
TIMES = (
    "train_s", "eval_s", "feature_s", "images_per_s", "peak_memory_bytes", "latency_1_s", "latency_batch_s",
    "cpu_s", "load", "slowdown", "disturbed",
)  # fmt: skip


@pytest.fixture(scope="module")
def digits() -> FeatureInputs:
    """The pixels of scikit-learn's digits as features; some of them are always 0."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    arrays, splits = {}, {}
    ends = {"train": (TrainSplit, 0, 1200), "val": (ValSplit, 1200, 1500), "test": (TestSplit, 1500, 1797)}
    for name, (kind, start, end) in ends.items():
        own = order[start:end]
        arrays[name] = (pixels[own].astype(np.float32),)
        splits[name] = kind(name, np.arange(len(own)), tuple(map(str, own)), labels[own])
    return FeatureInputs(arrays, (False,), Splits(**splits), seed=0, batch_size=64, device=CPU)


@dataclasses.dataclass
class Fitted:
    """A probe, what it recorded, and its head's weights after each weight decay."""

    probe: Probe
    records: list[EpochRecord]
    heads: list[nn.Linear]

    def scores(self, epoch: int, pixels: Any) -> Any:
        with torch.inference_mode():
            return self.heads[epoch - 1](torch.from_numpy(pixels)).numpy()


def fit(
    inputs: FeatureInputs, path: Path, stop: Callable[[], bool] = lambda: False, classes: int = 10, **recipe: Any
) -> Fitted:
    chosen = RecipeSpec.model_validate({"optimizer": "lbfgs", "epochs": GRID, "head": ["linear"], **recipe})
    spec = RunSpec(
        dataset=DatasetSpec(name="digits", num_classes=10, fingerprint="f"),
        backbone=BackboneSpec(library="timm", architecture="none"),
        strategy="linear",
        recipe=chosen,
        transform=TransformSpec(image_size=8),
    )
    made = Fitted(None, [], [])  # type: ignore[arg-type] # filled below

    def hear(record: EpochRecord) -> None:
        made.records.append(record)
        (layer,) = made.probe.model
        kept = nn.Linear(layer.in_features, layer.out_features)
        kept.load_state_dict(layer.state_dict())
        made.heads.append(kept)

    made.probe = Probe(nn.Sequential(nn.Linear(64, classes)), inputs, spec, CPU, Hooks(hear, stop=stop), path)
    with one_thread():
        made.probe.fit()
    return made


@pytest.fixture(scope="module")
def fitted(digits: FeatureInputs, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fit(digits, tmp_path_factory.mktemp("probe") / "run.pt")


def test_the_grid_is_half_decades_from_ten_to_a_millionth() -> None:
    grid = [weight_decay(epoch, GRID) for epoch in range(1, GRID + 1)]
    assert grid == pytest.approx([10 ** (1 - k / 2) for k in range(GRID)])


@pytest.mark.parametrize("epoch", [1, 3, 5, 7, 9, 11])
def test_each_weight_decay_gives_what_scikit_learn_gives(
    epoch: int, digits: FeatureInputs, fitted: Fitted
) -> None:
    (train,), (val,), labels = digits._arrays["train"], digits._arrays["val"], digits.splits.train.labels
    decay, scaler = weight_decay(epoch, GRID), StandardScaler().fit(train.astype(np.float64))
    theirs = LogisticRegression(C=1 / (len(train) * decay), tol=1e-7, max_iter=20_000)
    theirs.fit(scaler.transform(train), labels)
    theirs_loss = log_loss(labels, theirs.predict_proba(scaler.transform(train)))
    ours_weight = fitted.heads[epoch - 1].weight.detach().numpy() * scaler.scale_
    ours_objective = fitted.records[epoch - 1].train_loss + decay / 2 * (ours_weight**2).sum()
    assert ours_objective == pytest.approx(theirs_loss + decay / 2 * (theirs.coef_**2).sum(), rel=1e-4)
    ours = torch.from_numpy(fitted.scores(epoch, val)).softmax(dim=1).numpy()
    np.testing.assert_allclose(ours, theirs.predict_proba(scaler.transform(val)), atol=0.01)


def test_the_training_loss_falls_as_the_weight_decay_does(fitted: Fitted) -> None:
    losses = [record.train_loss for record in fitted.records]
    assert losses == sorted(losses, reverse=True)
    assert [record.epoch for record in fitted.records] == list(range(1, GRID + 1))
    steps = [record.steps for record in fitted.records]
    assert steps == sorted(steps)
    assert steps[-1] > 5 * GRID


def test_of_two_targets_each_is_what_scikit_learn_gives_with_twice_the_weight_decay(
    digits: FeatureInputs, tmp_path: Path
) -> None:
    parts = {
        name: dataclasses.replace(part, labels=np.stack([part.labels, part.labels // 2], axis=1), classes=(10, 5))
        for name, part in vars(digits.splits).items()
    }
    inputs = FeatureInputs(digits._arrays, (False,), Splits(**parts), seed=0, batch_size=64, device=CPU)
    both = fit(inputs, tmp_path / "run.pt", classes=15, epochs=3)
    (train,), (val,) = digits._arrays["train"], digits._arrays["val"]
    scaler, decay = StandardScaler().fit(train.astype(np.float64)), 2 * weight_decay(2, 3)
    for number, span in enumerate((slice(0, 10), slice(10, 15))):
        theirs = LogisticRegression(C=1 / (len(train) * decay), tol=1e-7, max_iter=20_000)
        theirs.fit(scaler.transform(train), parts["train"].labels[:, number])
        ours = torch.from_numpy(both.scores(2, val)[:, span]).softmax(dim=1).numpy()
        np.testing.assert_allclose(ours, theirs.predict_proba(scaler.transform(val)), atol=0.01)


def test_val_chooses_the_weight_decay(fitted: Fitted) -> None:
    best = max(fitted.records, key=lambda record: (record.val.top1, -record.val.loss, -record.epoch))
    assert fitted.probe.state.best.epoch == best.epoch


def test_early_stopping_leaves_the_weakest_weight_decays_out(digits: FeatureInputs, tmp_path: Path) -> None:
    short = fit(digits, tmp_path / "run.pt", early_stopping={"metric": "val_loss", "patience": 2})
    losses = [record.val.loss for record in short.records]
    assert len(losses) == losses.index(min(losses)) + 3 < GRID


@pytest.mark.parametrize("epochs", [0, 1, 6])
def test_an_interrupted_grid_goes_on_to_the_same_bits(
    epochs: int, digits: FeatureInputs, fitted: Fitted, tmp_path: Path
) -> None:
    asked = [0]

    def stop() -> bool:
        asked[0] += 1
        return asked[0] > 25 * epochs

    with pytest.raises(StoppedError):
        fit(digits, tmp_path / "run.pt", stop)
    again = fit(digits, tmp_path / "run.pt")
    assert [r.val for r in again.records] == [r.val for r in fitted.records][-len(again.records) :]
    assert torch.equal(again.heads[-1].weight, fitted.heads[-1].weight)


def test_it_is_a_run_like_every_other(make_spec: Maker, execute: Maker, tmp_path: Path) -> None:
    records: list[EpochRecord] = []
    spec = make_spec("linear", optimizer="lbfgs", head=["linear"], batch_size=64, epochs=5)
    first = execute(spec, Hooks(epoch=records.append))
    assert first.result.frontier == "pooled"
    assert (first.result.epochs, first.result.optimizer_steps) == (5, records[-1].steps)
    assert first.result.test.top1 == records[first.result.best_epoch - 1].test_top1
    (tmp_path / "run.pt").unlink(missing_ok=True)
    second = execute(spec)
    assert np.array_equal(first.test_logits, second.test_logits)
    results = [{k: v for k, v in dataclasses.asdict(o.result).items() if k not in TIMES} for o in (first, second)]
    assert results[0] == results[1]


def test_without_room_for_features_it_says_what_to_do(make_spec: Maker, execute: Maker, workbench: Any) -> None:
    workbench.cache_bytes = 0
    with pytest.raises(BenchError) as caught:
        execute(make_spec("linear", optimizer="lbfgs", head=["linear"], batch_size=64, epochs=5))
    assert "--cache-budget" in caught.value.todo
