"""`bench plan`: what fits a budget, before anything is downloaded."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.display.early import check_names
from bench.commands.expand import takes
from bench.plan.asked import Asked
from bench.sweep.options import TrainOptions

Rejected = Annotated[bool, typer.Option("--rejected", help="List what does not fit too, with the reason.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=0, help="Rows shown; 0 shows all.")]


@takes(
    asked=Asked,
    options=TrainOptions,
    leave_out={"kept", "db", "download", "cache_budget", "workers", "keep", "time_limit", "retry"},
)
def plan(
    dataset: o.Dataset,
    asked: Asked,
    options: TrainOptions,
    *,
    rejected: Rejected = False,
    limit: Limit = 60,
    json: o.AsJson = False,
) -> None:
    """Show every backbone x strategy that fits a budget, its parameters and compute, and a forecast.

    Nothing is downloaded and no image is read: models are counted on the meta device.

    Example: bench plan --dataset cub --budget "total<=10M,gmacs<=0.5" --rejected
    """
    registry = check_names(dataset, asked, options)
    from bench.commands.display.observer import ConsoleObserver
    from bench.commands.display.plan import show_plan
    from bench.sweep.session import Session

    session = Session(options, ConsoleObserver(), registry)
    source = session.source(session.find(dataset, asked))
    made = session.plan(source, asked)
    show_plan(session, made, source, rejected=rejected, limit=limit, json=json)
