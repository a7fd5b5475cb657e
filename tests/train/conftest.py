"""A dataset that trains in a moment, and runs on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

CLASSES = ("dusk", "grass", "night", "sand")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four classes of noisy coloured images, 12 to train and 5 to test each: learnable, but not at once."""
    root = tmp_path_factory.mktemp("tiny")
    random = np.random.default_rng(0)
    for label, name in enumerate(CLASSES):
        base = np.array([[90, 60, 130], [70, 120, 60], [50, 50, 70], [150, 130, 90]][label])
        for split, count in (("train", 12), ("test", 5)):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                noise = random.normal(0, 45, (20, 24, 3))
                pixels = np.clip(base + noise, 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return root


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
    """Make a run of a tiny network on the tiny dataset; keywords go to the recipe, or to the spec where it has them."""
    from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec, WeightsSpec
    from bench.strategies import canonical

    def make(strategy: str = "linear", backbone: str = "timm/test_efficientnet", seed: int = 0, **recipe: Any) -> Any:
        library, _, architecture = backbone.partition("/")
        manifest = tiny_dataset.manifest
        recipe = {"epochs": 3, "batch_size": 8, **recipe}
        return RunSpec(
            dataset=DatasetSpec(
                name=manifest.name,
                target=manifest.default_target,
                num_classes=len(CLASSES),
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
    from bench.device import deterministic
    from bench.train.cache import FeatureCache
    from bench.train.run import Workbench

    deterministic()
    return Workbench(torch.device("cpu"), tiny_dataset, FeatureCache(tmp_path / "features"))


@pytest.fixture
def execute(workbench: Any, tmp_path: Path) -> Callable[..., Any]:
    """Execute a spec; the checkpoint lies in the test's own folder."""
    from bench.train.hooks import Hooks
    from bench.train.run import Run

    def run(spec: Any, hooks: Any = None, bench: Any = None) -> Any:
        return Run(spec, bench or workbench, tmp_path / "run.pt", hooks or Hooks()).execute()

    return run
