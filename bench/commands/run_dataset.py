"""The dataset that a run saw, opened again, and checked to be the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands import options as o
from bench.commands.given import not_empty
from bench.errors import BenchError, DataError

if TYPE_CHECKING:
    from bench.data.datasets import Dataset
    from bench.spec import DatasetSpec

Where = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        "-d",
        callback=not_empty,
        help="The run's dataset, where the registry does not know it: folder:PATH.",
        show_default="the run's",
    ),
]


def open_run_dataset(
    spec: DatasetSpec, where: str | None, registry: list[Path] | None, data_root: Path | None
) -> Dataset:
    """Open the dataset of a run. Raises DataError where it is not here, or not the one that the run saw."""
    from bench.data.datasets import open_dataset

    if where is None and spec.name.startswith("folder:"):
        raise BenchError(
            f"Where the dataset {spec.name} lies is not known.",
            "A run keeps the folder's name, not its place.",
            "Say where it is: --dataset folder:PATH.",
        )
    entry = o.find_dataset(o.open_registry(registry), where or spec.name)
    dataset = open_dataset(entry, data_root=data_root)
    if dataset.manifest.fingerprint != spec.fingerprint:
        raise DataError(
            f"The dataset {entry.name} here is not the one that the run saw.",
            "Its classes, images or splits differ: the fingerprint of its content is another.",
            "Bring back the dataset as it was, or train on this one.",
        )
    return dataset
