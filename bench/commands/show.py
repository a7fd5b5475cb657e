"""`bench show`: one run in full."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.filters import AsJson, Db
from bench.commands.given import not_empty


def show(
    run: Annotated[
        str,
        typer.Argument(callback=not_empty, help="The run's id, or as many of its first digits as tell it apart."),
    ],
    db: Db = None,
    json: AsJson = False,
) -> None:
    """Show one run: spec, counts, results, curves, attempts with their errors, provenance, and how to repeat it.

    Example: bench show 3fa9c1
    """
    from bench import terminal
    from bench.report.export import to_json
    from bench.report.run_details import RunDetails, run_record
    from bench.report.run_view import run_view
    from bench.store.store import Store

    with Store.open(db, create=False) as store:
        stored = store.run(run)
        run_id = stored.row.run_id
        details = RunDetails(stored, store.epochs(run_id), store.attempts(run_id), store.transfers.of_run(run_id))
    if json:
        terminal.write(to_json(run_record(details)))
    else:
        terminal.out().print(run_view(details))
