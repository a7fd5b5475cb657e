"""`bench sweep`: plan, train, evaluate and record."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.display.early import announce, check_names
from bench.commands.expand import takes
from bench.plan.asked import Asked
from bench.sweep.options import TrainOptions

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and the forecast, and stop.")]
Limit = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, help="Only the first so many runs, cheapest first.")
]


@takes(asked=Asked, options=TrainOptions)
def sweep(
    dataset: o.Dataset,
    asked: Asked,
    options: TrainOptions,
    *,
    limit: Limit = None,
    prune: o.Prune = False,
    dry_run: DryRun = False,
) -> None:
    """Train every backbone x strategy that fits a budget, cheapest first, and record what was measured.

    Without --backbones about eight from different families are taken. What is done already is skipped; Ctrl-C
    leaves the current run resumable, and the same command goes on with it. With --prune validation decides early
    who goes on (successive halving); a pruned run never ranks, and a sweep without --prune goes on with it. Exit
    codes: 0 all done or pruned, 2 bad input, 3 some runs failed or are running elsewhere, 130 interrupted or
    out of time, 143 terminated.

    Example: bench sweep --dataset cub --budget 10M --seeds 3
    """
    registry = check_names(dataset, asked, options)
    announce()
    from bench.commands.display.observer import ConsoleObserver
    from bench.commands.display.plan import show_plan
    from bench.commands.display.sweep_ending import end_sweep
    from bench.sweep.session import Session

    observer = ConsoleObserver()
    session = Session(options, observer, registry)
    if dry_run:
        source = session.source(session.find(dataset, asked))
        show_plan(session, session.plan(source, asked), source)
        return
    swept = session.sweep(dataset, asked, limit=limit, prune=prune)
    raise typer.Exit(end_sweep(swept, observer.exit_code))
