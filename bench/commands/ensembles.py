"""`bench ensembles`: the ensembles that were made."""

from __future__ import annotations

from bench.commands.filters import Dataset
from bench.commands.options import AsJson, Db


def ensembles(db: Db = None, dataset: Dataset = None, json: AsJson = False) -> None:
    """List the ensembles that `bench ensemble` made, best on validation first; `bench show ID` says all of one.

    Example: bench ensembles --dataset cub
    """
    from bench.commands.display import terminal
    from bench.report.board.ensembled import members_of
    from bench.report.export.records import to_json
    from bench.report.run.ensemble_details import EnsembleDetails, ensemble_record
    from bench.report.terminal.ensemble_view import ensembles_view
    from bench.store.store import Store

    with Store.open(db, create=False) as store:
        found = [made for made in store.ensembles.list() if dataset in (None, made.dataset)]
        by_id, heads = ({row.run_id: row for row in store.rows()}, store.heads.all()) if found else ({}, {})
    details = [EnsembleDetails(made, members_of(made, by_id, heads)) for made in found]
    if json:
        terminal.write(to_json([ensemble_record(each) for each in details]))
    else:
        console = terminal.out()
        console.print(ensembles_view(details, console))
