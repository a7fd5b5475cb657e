"""Checks a command's arguments before torch is imported, which takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.display import terminal

if TYPE_CHECKING:
    from bench.plan.request import Asked
    from bench.registry.loading import Registry


def announce(doing: str = "planning") -> None:
    """Print at once what a command begins with, for the libraries behind it take seconds to import."""
    terminal.say(f"{doing} ...")


def check_words(asked: Asked, dataset: str, folders: list[Path] | None, data_root: Path | None) -> None:
    """Look up every name that a plan is asked for with. Raises BenchError for the first that does not exist.

    Images are not looked for, models are not counted, and nothing is printed.
    """
    from bench.plan.request import check_asked
    from bench.registry.loading import Registry

    registry = Registry.load(folders or ())
    check_asked(registry, asked)
    if not dataset.startswith("folder:"):
        _check_dataset(registry, asked, dataset, data_root)


def _check_dataset(registry: Registry, asked: Asked, name: str, data_root: Path | None) -> None:
    from bench.commands.options import find_dataset
    from bench.data.datasets import known_header
    from bench.plan.request import dataset_spec

    entry = asked.without_faults(
        find_dataset(registry, name, asked.groups, layout=asked.layout, lists=asked.lists)
    )
    dataset_spec(entry, asked.target, known_header(entry, data_root), asked.subset)
