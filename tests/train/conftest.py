"""Runs of a tiny network on a tiny dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch


@pytest.fixture(scope="session")
def tiny_entry(tiny_folder: Path) -> Any:
    from bench.data.datasets import folder_entry

    return folder_entry(tiny_folder)


@pytest.fixture(scope="session")
def tiny_dataset(tiny_entry: Any) -> Any:
    from bench.data.datasets import open_dataset

    return open_dataset(tiny_entry)


@pytest.fixture
def make_spec(tiny_dataset: Any) -> Callable[..., Any]:
    """Make the spec of a run of a tiny network on the tiny dataset; keywords go to the recipe."""
    from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec, WeightsSpec
    from bench.strategies import canonical

    def make(
        strategy: str = "linear", backbone: str = "timm/test_efficientnet", seed: int = 0, **recipe: Any
    ) -> Any:
        library, _, architecture = backbone.partition("/")
        manifest = tiny_dataset.manifest
        recipe = {"epochs": 3, "batch_size": 8, **recipe}
        return RunSpec(
            dataset=DatasetSpec(
                name=manifest.name,
                target=manifest.default_target,
                num_classes=4,
                fingerprint=manifest.fingerprint,
                val_fraction=0.25,
            ),
            backbone=BackboneSpec(library=library, architecture=architecture, weights=WeightsSpec(source="none")),
            strategy=canonical(strategy),
            recipe=RecipeSpec.model_validate(recipe),
            transform=TransformSpec(image_size=32),
            seed=seed,
        )

    return make


@pytest.fixture
def workbench(tiny_dataset: Any, tmp_path: Path) -> Any:
    from bench.hardware.device import deterministic
    from bench.train.frozen.cache import FeatureCache
    from bench.train.workbench import Workbench

    deterministic()
    return Workbench(torch.device("cpu"), tiny_dataset, FeatureCache(tmp_path / "features"))


@pytest.fixture
def execute(workbench: Any, tmp_path: Path) -> Callable[..., Any]:
    """Execute a spec; the checkpoint lies in the test's own folder."""
    from bench.train.hooks import Hooks
    from bench.train.run import Run

    def run(spec: Any, hooks: Any = None, workbench: Any = workbench) -> Any:
        return Run(spec, workbench, tmp_path / "run.pt", hooks or Hooks()).execute()

    return run
