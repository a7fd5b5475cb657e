"""Options that the commands which read the database share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.given import colourless, not_empty
from bench.errors import BenchError

Dataset = Annotated[str | None, typer.Option("--dataset", callback=not_empty, help="Only this dataset.")]
Target = Annotated[
    str | None,
    typer.Option("--target", callback=not_empty, help="Only this target of a dataset that has several."),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget", callback=not_empty, help="Only what fits: 10M, total<=10M,gmacs<=0.5, or a named budget."
    ),
]
Backbone = Annotated[
    str | None,
    typer.Option(
        "--backbone", callback=not_empty, help="Only these backbones; * and ? are wildcards: '*efficientnet*'."
    ),
]
Strategy = Annotated[
    str | None,
    typer.Option(
        "--strategy", callback=not_empty, help="Only this strategy; last_blocks finds last_blocks(2) too."
    ),
]
WithPublished = Annotated[
    bool,
    typer.Option("--with-published", help="Show figures of published studies and benchmarks too, marked as such."),
]
Sort = Annotated[str, typer.Option(help="Column to sort by, best first; # ranks by validation all the same.")]
Reverse = Annotated[bool, typer.Option("--reverse", help="Worst first.")]
Cost = Annotated[
    str | None,
    typer.Option(
        help="What is weighed against validation accuracy in the Pareto marks.",
        show_default="the first of trainable_params, gmacs, ... that tells the rows apart",
    ),
]
NoColor = Annotated[
    bool, typer.Option("--no-color", callback=colourless, help="No colour, as NO_COLOR=1 says too.")
]


def as_limits(budget: str | None, folders: list[Path] | None) -> str | None:
    """Return a budget as limits; a named one is looked up in the registry."""
    if not budget or not budget.replace("-", "_").isidentifier():
        return budget
    from bench.plan.request import budget_of
    from bench.registry.loading import Registry

    return str(budget_of(Registry.load(folders or ()), budget))


def one_format(**chosen: bool) -> str:
    """Return the name of the one format that was asked for, or "text"; two are an error."""
    names = [name for name, wanted in chosen.items() if wanted]
    if len(names) > 1:
        flags = " and ".join(f"--{name}" for name in names)
        raise BenchError(
            f"{flags} cannot go together.", "A table is written in one format.", "Choose one of them."
        )
    return names[0] if names else "text"
