"""`bench leaderboard`: what was trained, ranked by validation accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.collector import no_collection
from bench.commands.filtering import check_filters
from bench.commands.filters import (
    AsJson,
    Backbone,
    Budget,
    Dataset,
    Db,
    Strategy,
    Target,
    WithPublished,
    as_limits,
    one_format,
)
from bench.commands.options import RegistryFolders

if TYPE_CHECKING:
    from bench.report.query import Query
    from bench.report.tables import Board

Sort = Annotated[str, typer.Option(help="Column to sort by, best first; # ranks by validation all the same.")]
Cost = Annotated[str, typer.Option(help="What is weighed against validation accuracy in the Pareto marks.")]


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
    reverse: Annotated[bool, typer.Option("--reverse", help="Worst first.")] = False,
    cost: Cost = "trainable_params",
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Rows per table; 0 shows all.")] = 30,
    json: AsJson = False,
    published: WithPublished = False,
    csv: Annotated[bool, typer.Option("--csv", help="Every row as CSV, safe for spreadsheets.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Every row as Markdown.")] = False,
) -> None:
    """Rank what was trained by validation top-1: seeds grouped, Pareto-optimal rows marked, ensembles among them.

    Test accuracy is reported, never used to choose. The spread (±) is the sample standard deviation over seeds; a
    row of one seed has none. What chance alone is worth on a test set of that size is said below the table
    (binomial standard error; it is the column test_top1_se of --json and --csv).

    Example: bench leaderboard --dataset cub --budget "total<=10M,gmacs<=0.5" --cost gmacs
    """
    form = one_format(json=json, csv=csv, markdown=markdown)
    from bench.report.layout import columns_read
    from bench.report.published import known_published, published_boards, with_published
    from bench.report.query import Query
    from bench.report.tables import leaderboard as ranked
    from bench.store.store import Store

    query = Query(
        dataset, target, as_limits(budget, registry), backbone, strategy, sort=sort, reverse=reverse, cost=cost
    )
    with no_collection():
        with Store.open(db, create=False) as store:
            ensembles = store.ensembles.list()
            rows = store.rows(only=columns_read(query) if form == "text" and not ensembles else None)
            check_filters(rows, query, registry)
            boards = ranked(rows, query, ensembles, store.heads.all())
        if published:
            known = known_published(registry)
            boards = with_published(boards, known, query) or published_boards(known, query)
        _show(boards, form, query, limit, registry)


def _show(boards: list[Board], form: str, query: Query, limit: int, registry: list[Path] | None) -> None:
    """Write boards in one format."""
    from bench import terminal
    from bench.report.console import boards_view
    from bench.report.export import board_records, to_csv, to_json, to_markdown
    from bench.report.overlaps import known_overlaps

    if form == "json":
        terminal.write(to_json(board_records(boards)))
    elif form == "csv":
        terminal.write(to_csv(board_records(boards)))
    elif form == "markdown":
        terminal.write(to_markdown(boards, known_overlaps(registry)))
    else:
        console = terminal.out()
        console.print(boards_view(boards, console, query, limit=limit, overlaps=known_overlaps(registry)))
