"""`bench export`: tables and pictures for papers, spreadsheets and other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.filters import (
    Backbone,
    Budget,
    Cost,
    Dataset,
    Db,
    Reverse,
    Sort,
    Strategy,
    Target,
    WithPublished,
    as_limits,
)
from bench.commands.given import not_empty
from bench.commands.options import RegistryFolders

What = Annotated[
    str,
    typer.Argument(
        callback=not_empty,
        help="leaderboard, front, runs, epochs; as pictures: pareto, curves, confusion, classes, calibration.",
    ),
]
Run = Annotated[
    str | None,
    typer.Argument(callback=not_empty, help="The run's id, for a picture of one run, or its epochs alone."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The file to write; its ending is the format. - or none prints text."),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        callback=not_empty,
        help="csv, json, markdown, latex, parquet; png, svg, pdf; default: as the file ends.",
    ),
]
Height = Annotated[
    str | None,
    typer.Option("--height", callback=not_empty, help="Of pareto: val_top1 or test_top1 upwards, over --cost."),
]
Split = Annotated[str, typer.Option("--split", help="Of a run's picture: test or val.")]
Dpi = Annotated[int, typer.Option("--dpi", min=50, max=600, help="Dots per inch of a PNG.")]


def export(
    what: What,
    run: Run = None,
    *,
    out: Out = None,
    form: FormatName = None,
    db: Db = None,
    dataset: Dataset = None,
    target: Target = None,
    budget: Budget = None,
    backbone: Backbone = None,
    strategy: Strategy = None,
    sort: Sort = "val_top1",
    reverse: Reverse = False,
    cost: Cost = None,
    published: WithPublished = False,
    height: Height = None,
    split: Split = "test",
    dpi: Dpi = 150,
    registry: RegistryFolders = None,
) -> None:
    """Write a table (CSV, Parquet, JSON, Markdown, LaTeX) or a picture (PNG, SVG, PDF).

    leaderboard and front are what `bench leaderboard` shows, all rows, each with the ids of its runs; runs and
    epochs are the database's own rows, nothing averaged. Several datasets share a CSV, and have a picture each.

    Example: bench export front --dataset cub --budget 10M --cost gmacs -o front.tex
    """
    from bench.commands.exporting import Request, export_boards, export_pareto, export_rows, export_run, request_of
    from bench.report.board.query import Query

    query = Query(
        dataset, target, as_limits(budget, registry), backbone, strategy, sort=sort, reverse=reverse, cost=cost
    )
    asked: Request = request_of(what, run, out, form, query)
    if what in ("leaderboard", "front"):
        export_boards(asked, db, registry, published=published)
    elif what in ("runs", "epochs"):
        export_rows(asked, db, registry)
    elif what == "pareto":
        export_pareto(asked, db, registry, published=published, height=height, dpi=dpi)
    else:
        export_run(asked, db, split, dpi)
