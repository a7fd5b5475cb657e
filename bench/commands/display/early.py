"""Checks names and texts before torch is imported, which takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.commands.display import terminal
from bench.plan.asked import Asked
from bench.sweep.options import TrainOptions

if TYPE_CHECKING:
    from bench.registry.loading import Registry


def announce(doing: str = "planning") -> None:
    """Print at once what a command begins with, for the libraries behind it take seconds to import."""
    terminal.say(f"{doing} ...")


def check_names(dataset: str, asked: Asked, options: TrainOptions) -> Registry:
    """Look up every name that a plan is asked for with, and return the registry.

    Images are not looked for, models are not counted, and nothing is printed. Raises BenchError for the first name
    that does not exist.
    """
    from bench.data.datasets import known_header
    from bench.data.finding import find_dataset
    from bench.plan.request import check_asked, dataset_spec
    from bench.registry.loading import Registry

    options.check()
    registry = Registry.load(options.registry)
    check_asked(registry, asked)
    if not dataset.startswith("folder:"):
        found = find_dataset(registry, dataset, asked.groups, layout=asked.layout, lists=asked.lists)
        entry = asked.without_faults(found)
        dataset_spec(entry, asked.target, known_header(entry, options.data_root), asked.subset)
    return registry
