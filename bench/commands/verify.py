"""`bench verify`: hold a database and its files against what they were written as."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.options import AsJson, Db

Home = Annotated[
    bool, typer.Option("--home/--no-home", help="Also check kept features and prepared images of this machine.")
]


def verify(db: Db = None, home: Home = True, json: AsJson = False) -> None:
    """Check a database with its files: run ids, results computed again, checksums, files without a run.

    Every run's id is hashed again from its spec, and what it measured is computed again from its predictions.
    Nothing is repaired: each finding says what to do. Files of before there were checksums get theirs where they
    prove right. Exit codes: 0 nothing is wrong, 1 something is, 2 bad input.

    Example: bench verify --db runs.db
    """
    import json as json_module

    from bench.commands.display import terminal
    from bench.commands.display.counting import Counting
    from bench.report.terminal.verify_view import verify_view
    from bench.store.store import Store
    from bench.verify.check import verify as check

    with Store.open(db, create=False) as store:
        with Counting(terminal.err(), "Verifying") as counting:
            found = check(store, counting, home=home)
        where = str(store.location)
    if json:
        terminal.write(json_module.dumps({"database": where, **found.record}, indent=2))
    else:
        terminal.out().print(verify_view(found.record, where), soft_wrap=True)
    raise typer.Exit(0 if found.clean else 1)
