"""`bench ensemble`: several finished runs as one model."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.filters import Backbone, Dataset, Strategy, Target
from bench.commands.given import not_empty
from bench.commands.options import AsJson, Db, RegistryFolders

Runs = Annotated[
    list[str] | None,
    typer.Argument(callback=not_empty, help="The runs' ids, or as many first digits as tell them apart."),
]
RuleName = Annotated[
    str | None,
    typer.Option(
        "--rule",
        callback=not_empty,
        help="soft, hard, weighted or greedy.",
        show_default="soft, and greedy with --pool",
    ),
]
Budget = Annotated[
    str | None,
    typer.Option("--budget", "-b", callback=not_empty, help="Joint limits of all members: total<=10M,gmacs<=1."),
]


def ensemble(
    *,
    runs: Runs = None,
    rule: RuleName = None,
    budget: Budget = None,
    pool: Annotated[
        bool, typer.Option("--pool", help="Take every finished run of a task; with one RUN, of its test set.")
    ] = False,
    dataset: Dataset = None,
    target: Target = None,
    backbone: Backbone = None,
    strategy: Strategy = None,
    most: Annotated[int | None, typer.Option("--most", min=2, help="Members at most; greedy only.")] = None,
    db: Db = None,
    registry: RegistryFolders = None,
    json: AsJson = False,
) -> None:
    """Combine finished runs of the same test set from their kept predictions; no model is run.

    soft: the mean of the probabilities. hard: the most votes; ties go to the larger summed probability.
    weighted: a weighted mean, with the weights that fit validation best. greedy: members added one by one as
    validation likes it, under a joint --budget. Test is only reported. What members share, such as a frozen
    backbone, counts once. A joint run takes part with its head of --target, or of the other runs' one target.
    The ensemble is recorded: it ranks in `bench leaderboard`; `bench ensembles` lists it.

    Example: bench ensemble --pool --dataset cub --budget "total<=10M,gmacs<=1"
    """
    from bench.commands.ensembling import Filters, Options, make_ensemble

    filters = Filters(dataset=dataset, target=target, backbone=backbone, strategy=strategy)
    make_ensemble(Options(runs or [], rule, budget, pool, filters, most, db, registry, json))
