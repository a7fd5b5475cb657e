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
    spec: DatasetSpec,
    where: str | None,
    registry: list[Path] | None,
    data_root: Path | None,
    *,
    layout: str | None = None,
    lists: list[str] | None = None,
) -> Dataset:
    """Open the dataset of a run, without the images that it left out.

    A folder is looked for where it was opened last, and read as it was read then unless told otherwise. Raises
    DataError if it is not here, or not the one that the run saw.
    """
    from bench.data.datasets import FOLDER, open_as_seen
    from bench.data.finding import find_dataset
    from bench.data.sources.places import places_of

    if where is None and spec.name.startswith(FOLDER):
        return _remembered(spec, data_root)
    known = places_of(spec.fingerprint)
    if where and where.startswith(FOLDER) and known and not (layout or lists):
        layout, lists = known[0].layout, list(known[0].lists)
    entry = find_dataset(o.open_registry(registry), where or spec.name, layout=layout, lists=lists or ())
    dataset = open_as_seen(entry, spec.fingerprint, data_root=data_root)
    if dataset.manifest.fingerprint != spec.fingerprint:
        raise _another(entry.name)
    return dataset


def sample_file(spec: DatasetSpec, sample: str) -> Path | None:
    """Return the file of a sample of a run's dataset, by its id; None if it is not here, or not a file."""
    from bench.data.raw import FileSource, PartSource

    try:
        dataset = open_run_dataset(spec, None, None, None)
    except BenchError:
        return None
    for split, part in dataset.manifest.splits.items():
        if sample not in part.ids:
            continue
        source, at = dataset.images(split), part.ids.index(sample)
        if isinstance(source, PartSource):
            at, source = source.indices[at], source.source
        if isinstance(source, FileSource):
            path = Path(source.tree.where(source.names[at]))
            return path if path.is_file() else None
    return None


def _remembered(spec: DatasetSpec, data_root: Path | None) -> Dataset:
    """Open a folder dataset where it lay when this machine opened it, the latest place first."""
    from bench.data.datasets import folder_entry, open_as_seen
    from bench.data.sources.places import places_of

    places = places_of(spec.fingerprint)
    for place in places:
        try:
            entry = folder_entry(Path(place.path), layout=place.layout, lists=place.lists)
            dataset = open_as_seen(entry, spec.fingerprint, data_root=data_root)
        except DataError:
            continue
        if dataset.manifest.fingerprint == spec.fingerprint:
            return dataset
    if there := next((place.path for place in places if Path(place.path).exists()), None):
        raise _another(f"{spec.name} at {there}")
    why = f"It was at {places[0].path}, and is not there now." if places else "This machine has not opened it yet."
    raise BenchError(
        f"Where the dataset {spec.name} lies is not known.",
        f"A run keeps the folder's name, not its place. {why}",
        "Say where it is: --dataset folder:PATH.",
    )


def _another(name: str) -> DataError:
    return DataError(
        f"The dataset {name} here is not the one that the run saw.",
        "Its classes, images or splits differ: the fingerprint of its content is another.",
        "Bring back the dataset as it was, or train on this one.",
    )
