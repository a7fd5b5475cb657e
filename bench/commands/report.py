"""`bench report`: one HTML file that answers which backbone to take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.filtering import check_filters
from bench.commands.filters import Backbone, Budget, Dataset, Db, Strategy, Target, as_limits
from bench.commands.given import readable
from bench.commands.options import RegistryFolders


def report(
    *,
    db: Db = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "reports/report.html"
    ),
    title: Annotated[str, typer.Option("--title", callback=readable, help="The page's title.")] = "",
    dataset: Dataset = None,
    target: Target = None,
    budget: Budget = None,
    backbone: Backbone = None,
    strategy: Strategy = None,
    registry: RegistryFolders = None,
) -> None:
    """Write one self-contained HTML file: the answer, the Pareto plot and the leaderboard. It opens offline.

    Example: bench report --dataset cub --budget 10M -o reports/cub.html
    """
    from bench import terminal
    from bench.report.build import write_report
    from bench.report.overlaps import known_overlaps
    from bench.report.query import Query
    from bench.store.store import Store

    query = Query(dataset, target, as_limits(budget, registry), backbone, strategy)
    with Store.open(db, create=False) as store:
        if query.filters:
            check_filters(store.rows(), query, registry)
        path = write_report(store, output, title=title, query=query, overlaps=known_overlaps(registry))
    terminal.out().print(str(path), soft_wrap=True)
