"""Checks names and texts before torch is imported, which takes seconds."""

from __future__ import annotations

from bench.commands.display import terminal
from bench.plan.asked import Asked
from bench.sweep.options import TrainOptions


def announce(doing: str = "planning") -> None:
    """Print at once what a command begins with, for the libraries behind it take seconds to import."""
    terminal.say(f"{doing} ...")


def check_names(dataset: str, asked: Asked, options: TrainOptions) -> None:
    """Look up every name that a plan is asked for with. Raises BenchError for the first that does not exist.

    Images are not looked for, models are not counted, and nothing is printed.
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
