"""`bench show`: one run, or one ensemble, in full."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.filters import NoColor
from bench.commands.given import not_empty
from bench.commands.options import AsJson, Db


def show(
    run: Annotated[
        str,
        typer.Argument(
            callback=not_empty, help="The run's or ensemble's id, or as many first digits as tell it apart."
        ),
    ],
    db: Db = None,
    json: AsJson = False,
    no_color: NoColor = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Show one run: results, counts, curves, attempts with their errors, spec, provenance, and how to repeat it.

    Of an ensemble: its members, results, the gain over its best member, and what it costs as one model.

    Example: bench show 3fa9c1
    """
    from bench.commands.display import terminal
    from bench.report.export.records import to_json
    from bench.report.run.details import read_run, run_record
    from bench.report.terminal.run_view import run_view
    from bench.store.store import Store

    with Store.open(db, create=False) as store:
        made = store.ensembles.find(run)
        if made is not None:
            from bench.commands.ensembling import read_details, show_details

            show_details(read_details(store, made), json=json)
            return
        details = read_run(store, run)
    if json:
        terminal.write(to_json(run_record(details)))
    else:
        terminal.out().print(run_view(details), crop=False)
