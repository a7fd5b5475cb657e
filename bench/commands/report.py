"""`bench report`: one HTML file that answers which backbone to take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.filtering import check_filters
from bench.commands.filters import Backbone, Budget, Dataset, Db, Strategy, Target, WithPublished, as_limits
from bench.commands.given import readable
from bench.commands.options import RegistryFolders


def report(
    *,
    db: Db = None,
    output: Annotated[Path, typer.Option("--out", "--output", "-o", help="The file to write.")] = Path(
        "reports/report.html"
    ),
    title: Annotated[str, typer.Option("--title", callback=readable, help="The page's title.")] = "",
    dataset: Dataset = None,
    target: Target = None,
    budget: Budget = None,
    backbone: Backbone = None,
    strategy: Strategy = None,
    published: WithPublished = False,
    registry: RegistryFolders = None,
    details: Annotated[
        bool,
        typer.Option("--details", help="Also a page for each run, in a folder beside the file, linked from it."),
    ] = False,
) -> None:
    """Write one self-contained HTML file: the answer, the Pareto plot and the leaderboard. It opens offline.

    With --details each ranked run is linked to a page with its curves, confusions, classes and calibration.

    Example: bench report --dataset cub --budget 10M -o reports/cub.html
    """
    from bench import terminal
    from bench.class_names import class_names
    from bench.report.build import write_report
    from bench.report.overlaps import known_overlaps
    from bench.report.published import known_published
    from bench.report.query import Query
    from bench.store.store import Store

    query = Query(dataset, target, as_limits(budget, registry), backbone, strategy)
    with Store.open(db, create=False) as store:
        if query.filters:
            check_filters(store.rows(), query, registry)
        rows = known_published(registry) if published else []
        overlaps, names = known_overlaps(registry), class_names if details else None
        path = write_report(
            store, output, title=title, query=query, overlaps=overlaps, published=rows, details=names
        )
    terminal.out().print(str(path), soft_wrap=True)
