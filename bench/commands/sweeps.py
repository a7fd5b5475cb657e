"""`bench sweeps`: what was asked for, and how far it has come."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.options import AsJson, Db


def sweeps(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Only these sweeps; with --json, with their runs and all left out.")
    ] = None,
    *,
    db: Db = None,
    json: AsJson = False,
) -> None:
    """List the sweeps and searches of a database: their runs by status, and how long they were at work.

    Example: bench sweeps --json
    """
    from bench.commands.display.listing import show
    from bench.report.terminal.sweep_list import GIVING_WAY, sweep_lines, sweep_records
    from bench.store.store import Store

    with Store.open(db, create=False) as store:
        found = sweep_records(store, numbers or [])
    show(sweep_lines(found), found, json=json, giving_way=GIVING_WAY)
