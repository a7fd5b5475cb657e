"""Whole runs on a device that refuses tensors of another one, as a GPU does (tests/fixtures/stand_in.py)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stand_in import MixedDevicesError, stand_in
from trained_runs import of

from bench.inference.explaining import Explaining
from bench.inference.logits import logits_in_parts
from bench.inference.predicting import predict
from bench.inference.trained import load_trained
from bench.records.timings import cases_of
from bench.store.store import Store
from bench.train.frozen.backends.measured import measure as measure_backends
from bench.train.frozen.cache import FeatureCache
from bench.train.heads.batch import Company
from bench.train.hooks import Hooks
from bench.train.run import Outcome, Run
from bench.train.timing import measure
from bench.train.workbench import Workbench

Maker = Callable[..., Any]
CPU = torch.device("cpu")


@pytest.fixture
def device() -> Iterator[torch.device]:
    with stand_in() as made:
        yield made


@pytest.fixture
def there(device: torch.device, tiny_dataset: Any, tmp_path: Path) -> Workbench:
    return Workbench(device, tiny_dataset, FeatureCache(tmp_path / "there"), workers=0)


def test_tensors_of_two_devices_do_not_mix(device: torch.device) -> None:
    one = torch.ones(3, device=device)
    assert (one.device.type, float(one.sum())) == ("standin", 3.0)
    with pytest.raises(MixedDevicesError, match="add"):
        one + torch.ones(3)
    assert torch.equal((one + 1).cpu(), torch.full((3,), 2.0))


@pytest.mark.parametrize(
    ("strategy", "recipe"),
    [
        ("linear", {}),
        ("linear", {"head": ["linear(16)", "relu", "linear"], "clip_grad_norm": 1.0}),
        ("linear", {"optimizer": "lbfgs", "head": ["linear"], "lr": 1.0, "epochs": 3}),
        ("last_blocks(1)", {"label_smoothing": 0.1}),
        ("last_blocks(1)", {"augment": ["horizontal_flip"], "views": 2}),
        ("full", {"augment": ["horizontal_flip"], "optimizer": "sgd", "lr": 0.01}),
        ("bitfit", {"best_on_test": True}),
        ("linear", {"norm_stats": "update"}),
    ],
    ids=["linear", "hidden", "probe", "last_blocks", "views", "full", "bitfit", "norm_stats"],
)
def test_a_run_computes_there_what_it_computes_on_the_cpu(
    strategy: str, recipe: dict[str, Any], make_spec: Maker, there: Workbench, execute: Maker, tmp_path: Path
) -> None:
    spec = make_spec(strategy, **{"epochs": 2, "head": ["linear"], **recipe})  # dropout draws otherwise on a CPU
    found = Run(spec, there, tmp_path / "there.pt", Hooks()).execute()
    # of decays that tie L-BFGS takes the weakest, whose solution is the least determined
    assert_close(found, execute(spec), atol=2e-2 if recipe.get("optimizer") == "lbfgs" else 1e-4)


@pytest.mark.parametrize("strategy", ["linear", "full"])
def test_dropout_and_drop_path_are_drawn_there(
    strategy: str, make_spec: Maker, there: Workbench, tmp_path: Path
) -> None:
    spec = make_spec(strategy, epochs=1, drop_path=0.2 if strategy == "full" else 0.0)
    assert np.isfinite(Run(spec, there, tmp_path / "there.pt", Hooks()).execute().test_logits).all()


def test_heads_train_together_there(make_spec: Maker, there: Workbench, execute: Maker, tmp_path: Path) -> None:
    rest: dict[str, Any] = {"epochs": 2, "head": ["linear"]}
    specs = [make_spec("linear", lr=lr, **rest) for lr in (0.01, 0.02, 0.03)]
    found: dict[str, Outcome] = {}

    class Ends:
        def finished(self, run: Run, outcome: Outcome) -> None:
            found[run.spec.run_id] = outcome

        def failed(self, run: Run, error: Exception) -> None:
            raise AssertionError(run.spec.run_id) from error

    runs = [Run(spec, there, tmp_path / f"{spec.run_id}.pt", Hooks()) for spec in specs]
    Company(runs, Hooks(), Ends()).execute()
    for spec in specs:
        (tmp_path / "run.pt").unlink(missing_ok=True)
        assert_close(found[spec.run_id], execute(spec))


def assert_close(found: Outcome, wanted: Outcome, atol: float = 1e-4) -> None:
    np.testing.assert_allclose(found.test_logits, wanted.test_logits, rtol=1e-3, atol=atol)
    val, same = dataclasses.astuple(found.result.val), dataclasses.astuple(wanted.result.val)
    assert val == pytest.approx(same, rel=max(1e-3, atol))
    assert found.result.latency_1_s > 0


@pytest.mark.parametrize("strategy", ["linear", "full"])
def test_a_trained_model_predicts_and_explains_there(
    strategy: str, device: torch.device, trained_db: Path, tiny_folder: Path
) -> None:
    image = tiny_folder / "test" / "sand" / "03.png"
    with Store.open(trained_db) as store:
        there, here = (load_trained(store, of(trained_db, strategy).run_id, d) for d in (device, CPU))
    (found,), (wanted,) = predict(there, [image], device), predict(here, [image], CPU)
    assert found.best.name == wanted.best.name
    assert found.best.probability == pytest.approx(wanted.best.probability, rel=1e-3)
    heats = [Explaining(t, image, d).grad_cam([]).heats[0].map for t, d in ((there, device), (here, CPU))]
    np.testing.assert_allclose(*heats, rtol=1e-2, atol=1e-4)


def test_a_model_scores_another_datasets_images_there(
    device: torch.device, trained_db: Path, tiny_dataset: Any
) -> None:
    with Store.open(trained_db) as store:
        there, here = (load_trained(store, of(trained_db, "linear").run_id, d) for d in (device, CPU))
    images, rows = tiny_dataset.images("test"), np.arange(5)
    found, wanted = (
        np.concatenate(list(logits_in_parts(t, images, rows, d))) for t, d in ((there, device), (here, CPU))
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_steps_and_backends_are_timed_there(device: torch.device, make_spec: Maker) -> None:
    cases = cases_of(["timm/test_efficientnet"], ["full"], image_size=32, batch_size=2, precision="fp32")
    assert all(min(timing.samples) > 0 for timing in measure(cases, device, repeats=1))
    speeds = measure_backends(make_spec("linear"), device)
    assert speeds.images_per_s["eager"] > 0
