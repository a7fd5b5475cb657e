"""How fast heads train on kept features, alone and together, side by side in one run.

`pytest --benchmark-only tests/benchmarks/test_batched_heads.py` on an otherwise idle machine; it takes the GPU
where there is one. The features are EfficientNet-Lite0's of the shared images, or random ones of that shape where
those are not here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch

from bench.data.datasets import Dataset
from bench.data.splits import Splits, TestSplit, TrainSplit, ValSplit
from bench.hardware.device import deterministic, is_accelerator, one_thread, pick, synchronize
from bench.models.head_modules import build_head
from bench.plan.backbones import choose
from bench.random_keys import key
from bench.registry.loading import Registry
from bench.spec import DatasetSpec, RecipeSpec, RunSpec, TransformSpec
from bench.train.frozen.cache import FeatureCache
from bench.train.heads.alone import Alone
from bench.train.heads.training import HeadsTrainer
from bench.train.hooks import Hooks
from bench.train.inputs import FeatureInputs
from bench.train.run import Run
from bench.train.run_state import RunState
from bench.train.trainer import Trainer
from bench.train.workbench import Workbench

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
CLASSES, WIDTH, EPOCHS, ROUNDS = 100, 1280, 2, 5
RATES = (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 3e-2)
TARGET = {False: 1.2, True: 10.0}
"""How much faster 64 heads are together than one after another: on a CPU, on an accelerator."""


def spec(lr: float = 1e-3, weight_decay: float = 0.0, dropout: float = 0.2) -> RunSpec:
    recipe = {"optimizer": "adam", "lr": lr, "weight_decay": weight_decay, "clip_grad_norm": 10.0}
    head = {"head": [f"dropout({dropout})", "linear"], "epochs": EPOCHS, "batch_size": 64}
    return RunSpec(
        dataset=DatasetSpec(name="cub100", num_classes=CLASSES, fingerprint="f"),
        backbone=choose(Registry.load(), ["timm/tf_efficientnet_lite0"])[0].spec,
        strategy="linear",
        recipe=RecipeSpec.model_validate({**recipe, **head}),
        transform=TransformSpec(image_size=224, crop_pct=0.875, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    )


SPECS = [spec(*chosen) for chosen in product(RATES, (0.0, 1e-5, 1e-4, 1e-3), (0.2, 0.5))]


@pytest.fixture(scope="module")
def device() -> torch.device:
    deterministic()
    return pick("auto")


@pytest.fixture(scope="module")
def inputs(
    device: torch.device, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[FeatureInputs]:
    if not SHARED_DATA.is_dir():
        yield random_features(device)
        return
    birds = request.getfixturevalue("birds")
    with real_features(birds, device, tmp_path_factory.mktemp("features")) as read:
        yield read


def random_features(device: torch.device) -> FeatureInputs:
    """As many features as those of the shared images, without meaning: the arithmetic is the same."""
    random, arrays, splits = np.random.default_rng(0), {}, {}
    for name, kind, count in (("train", TrainSplit, 2699), ("val", ValSplit, 300), ("test", TestSplit, 2903)):
        arrays[name] = (random.normal(0, 1, (count, WIDTH)).astype(np.float32),)
        splits[name] = kind(name, np.arange(count), tuple(map(str, range(count))), np.arange(count) % CLASSES)
    return FeatureInputs(arrays, (False,), Splits(**splits), seed=0, batch_size=64, device=device)


@contextmanager
def real_features(dataset: Dataset, device: torch.device, folder: Path) -> Iterator[FeatureInputs]:
    data = DatasetSpec(
        name="cub100",
        target=dataset.manifest.default_target,
        num_classes=CLASSES,
        fingerprint=dataset.manifest.fingerprint,
    )
    whole = spec().model_copy(update={"dataset": data})
    run = Run(whole, Workbench(device, dataset, FeatureCache(folder)), folder / "run.pt", Hooks())
    with run.at_work():
        assert isinstance(run.inputs, FeatureInputs)
        yield run.inputs


def state(which: RunSpec, device: torch.device, path: Path) -> RunState:
    torch.manual_seed(key(which.seed, "head"))
    return RunState(build_head(which.recipe.head, WIDTH, CLASSES).to(device), which, device, Hooks(), path)


class Done:
    """Hears how the runs of a company end."""

    def __init__(self) -> None:
        self.count = 0

    def finished(self, state: RunState) -> None:  # noqa: ARG002 - what a company tells
        self.count += 1

    def failed(self, state: RunState, error: Exception) -> None:  # noqa: ARG002 - the same
        raise error


def one_after_another(inputs: FeatureInputs, device: torch.device, path: Path) -> None:
    with one_thread():
        for which in SPECS:
            head = build_head(which.recipe.head, WIDTH, CLASSES).to(device)
            trainer = Trainer(head, inputs, which, device, Hooks(), path)
            trainer.peeks = True
            trainer.fit()


def together(inputs: FeatureInputs, device: torch.device, path: Path) -> None:
    ends = Done()
    states = [state(which, device, path) for which in SPECS]
    HeadsTrainer(states, inputs, device, Hooks(), Alone(0.0, 0.0)).fit(ends)
    assert ends.count == len(SPECS)


def seconds(train: Callable[..., None], *given: Any) -> float:
    start = time.perf_counter()
    train(*given)
    synchronize(given[1])
    return time.perf_counter() - start


def test_64_heads_one_after_another_and_together(
    benchmark: Any, inputs: FeatureInputs, device: torch.device, tmp_path: Path, say: Any
) -> None:
    times: dict[str, list[float]] = {"one after another": [], "together": []}

    def interleaved() -> None:
        for train in (one_after_another, together):
            name = train.__name__.replace("_", " ")
            times[name].append(seconds(train, inputs, device, tmp_path / "run.pt"))

    interleaved()  # warms up
    for seen in times.values():
        seen.clear()
    benchmark.pedantic(interleaved, rounds=ROUNDS)
    ratios = [alone / beside for alone, beside in zip(*times.values(), strict=True)]
    lines = [f"{len(SPECS)} heads of {CLASSES} classes, {EPOCHS} epochs, on {device}"]
    lines += [f"{name:>18}  {median(s):7.2f} s  ({min(s):.2f} to {max(s):.2f})" for name, s in times.items()]
    lines += [f"{'ratio':>18}  {median(ratios):7.2f}    ({min(ratios):.2f} to {max(ratios):.2f})"]
    say("\n".join(["", *lines]))
    assert median(ratios) >= TARGET[is_accelerator(device)]


def test_an_epoch_from_cache(benchmark: Any, inputs: FeatureInputs, device: torch.device, tmp_path: Path) -> None:
    head = build_head(("dropout(0.2)", "linear"), WIDTH, CLASSES).to(device)
    trainer = Trainer(head, inputs, spec(), device, Hooks(), tmp_path / "run.pt")

    def epoch() -> None:
        trainer._train()
        trainer._look()
        synchronize(device)

    with one_thread():
        benchmark.pedantic(epoch, rounds=20, warmup_rounds=3)
