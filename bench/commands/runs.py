"""`bench runs`: every run and every attempt, with its status."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.filtering import check_filters
from bench.commands.filters import Backbone, Dataset, Strategy
from bench.commands.options import AsJson, Db

Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        help="Only runs planned, running, done, failed, diverged, interrupted or pruned; may be repeated.",
    ),
]


def runs(
    *,
    db: Db = None,
    status: Statuses = None,
    dataset: Dataset = None,
    backbone: Backbone = None,
    strategy: Strategy = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Runs to show; 0 shows all.")] = 50,
    json: AsJson = False,
) -> None:
    """List every run and attempt with its status and error, latest change first.

    Example: bench runs --status failed --status diverged
    """
    from bench.commands.display import terminal
    from bench.report.board.query import Query, select_rows
    from bench.report.export.records import to_json
    from bench.report.run.runs import run_records, select_status
    from bench.report.terminal.run_list import runs_view
    from bench.store.store import Store

    query = Query(dataset=dataset, backbone=backbone, strategy=strategy)
    with Store.open(db, create=False) as store:
        rows = store.rows()
        check_filters(rows, query)
        found = select_status(select_rows(rows, query), status or [])
        wanted = found if json or not limit else found[:limit]
        attempts = {row.run_id: store.attempts(row.run_id) for row in wanted}
    if json:
        terminal.write(to_json(run_records(found, attempts)))
    else:
        console = terminal.out()
        console.print(runs_view(found, attempts, console, limit=limit))
