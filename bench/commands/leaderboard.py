"""`bench leaderboard`: what was trained, ranked by validation accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.boards import boards_text, read_boards
from bench.commands.collector import no_collection
from bench.commands.filters import (
    Backbone,
    Budget,
    Cost,
    Dataset,
    NoColor,
    Reverse,
    Sort,
    Strategy,
    Target,
    WithPublished,
    as_limits,
    one_format,
)
from bench.commands.options import AsJson, Db, RegistryFolders

if TYPE_CHECKING:
    from bench.report.board.query import Query
    from bench.report.board.tables import Board


def leaderboard(
    *,
    db: Db = None,
    dataset: Dataset = None,
    target: Target = None,
    budget: Budget = None,
    backbone: Backbone = None,
    strategy: Strategy = None,
    registry: RegistryFolders = None,
    sort: Sort = "val_top1",
    reverse: Reverse = False,
    cost: Cost = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Rows per table; 0 shows all.")] = 30,
    json: AsJson = False,
    published: WithPublished = False,
    csv: Annotated[bool, typer.Option("--csv", help="Every row as CSV, safe for spreadsheets.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Every row as Markdown.")] = False,
    plot: Annotated[
        bool | None,
        typer.Option(
            "--plot/--no-plot", help="Draw accuracy against --cost; default: where there is room for it."
        ),
    ] = None,
    no_color: NoColor = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Rank what was trained by validation top-1: seeds grouped, Pareto-optimal rows marked, ensembles among them.

    Test accuracy is reported, never used to choose. The spread (±) is the sample standard deviation over seeds; a
    row of one seed has none. How much the finite number of images leaves open is given below the table (Wilson's
    95 % interval; columns test_top1_low and test_top1_high of --json and --csv).

    Example: bench leaderboard --dataset cub --budget "total<=10M,gmacs<=0.5" --cost gmacs
    """
    from bench.commands.display import terminal

    form = one_format(json=json, csv=csv, markdown=markdown)
    from bench.report.board.query import Query

    query = Query(
        dataset, target, as_limits(budget, registry), backbone, strategy, sort=sort, reverse=reverse, cost=cost
    )
    with no_collection():
        boards = read_boards(db, query, registry, published=published, shown=form == "text")
        if form == "text":
            _show(boards, query, limit, plot, registry)
        else:
            terminal.write(boards_text(boards, form, registry))


def _show(boards: list[Board], query: Query, limit: int, plot: bool | None, registry: list[Path] | None) -> None:
    from bench.commands.display import terminal
    from bench.report.board.overlaps import known_overlaps
    from bench.report.terminal.board_view import boards_view

    console = terminal.out()
    overlaps = known_overlaps(registry)
    console.print(boards_view(boards, console, query, limit=limit, overlaps=overlaps, plot=plot))
