"""EfficientNet-Lite0 with its published weights on real birds, as the benchmarks take it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REGISTRY = Path(__file__).parents[1] / "registry"


@pytest.fixture(scope="session")
def birds(shared_data: Path) -> Any:
    """The opened dataset `cub100`."""
    from bench.data.datasets import open_dataset
    from bench.registry.entries import DatasetEntry
    from bench.registry.loading import Registry

    return open_dataset(Registry.load([REGISTRY]).get(DatasetEntry, "cub100"), data_root=shared_data)


@pytest.fixture(scope="session")
def lite0(shared_data: Path, birds: Any) -> Callable[..., Any]:
    """Make a run's spec, EfficientNet-Lite0 at 224 on `cub100`: of a strategy and of settings as in `--set`."""
    from bench.data.datasets import known_header
    from bench.plan.asked import Asked
    from bench.plan.request import dataset_spec, plan_for
    from bench.registry.entries import DatasetEntry
    from bench.registry.loading import Registry

    def make(strategy: str, *settings: str) -> Any:
        registry = Registry.load([REGISTRY])
        entry = registry.get(DatasetEntry, birds.manifest.name)
        dataset = dataset_spec(entry, None, known_header(entry, shared_data))
        asked = Asked(backbones=["tf_efficientnet_lite0"], strategies=[strategy], overrides=list(settings))
        (run,) = plan_for(registry, entry, dataset, asked).runs(lambda _: "fp32")
        return run.spec

    return make


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Write what was measured to the terminal, also where output is captured."""

    def write(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{text}\n")

    return write


@pytest.fixture
def workbench(birds: Any, tmp_path: Path) -> Any:
    """A workbench on this machine's device, whose cache is empty."""
    from bench.hardware.device import deterministic, pick
    from bench.train.frozen.cache import FeatureCache
    from bench.train.workbench import Workbench

    deterministic()
    return Workbench(pick(), birds, FeatureCache(tmp_path / "features"))
