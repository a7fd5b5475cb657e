"""`bench compare`: two runs on the same test images."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.given import not_empty
from bench.commands.options import AsJson, Db

First = Annotated[str, typer.Argument(callback=not_empty, help="A run's id, or its first digits: A.")]
Second = Annotated[str, typer.Argument(callback=not_empty, help="Another run's: B.")]


def compare(first: First, second: Second, *, db: Db = None, json: AsJson = False) -> None:
    """Compare two runs: what differs in their specs, and whether one is better on the same test images.

    The test is McNemar's, exact and mid-p; the interval is Newcombe's for paired proportions. --json lists every
    image that only one of them gets right.

    Example: bench compare 3fa9c1 81d0e7
    """
    from bench.commands.display import terminal
    from bench.inference.class_names import class_names
    from bench.report.export.records import to_json
    from bench.report.look.compare import compare_runs, comparison_record
    from bench.report.terminal.compare_view import compare_view
    from bench.store.store import Store

    with Store.open(db, create=False) as store:
        made = compare_runs(store, first, second, class_names)
    if json:
        terminal.write(to_json(comparison_record(made)))
    else:
        terminal.out().print(compare_view(made))
