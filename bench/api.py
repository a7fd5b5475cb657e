"""What a database holds, for notebooks: its runs, leaderboards, comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.board.query import Query, select_rows
from bench.report.export.frames import run_frame
from bench.report.export.ranking import Leaderboard
from bench.store.store import Store

if TYPE_CHECKING:
    import os

    import pandas as pd

    from bench.report.look.compare import Comparison
    from bench.report.run.details import RunDetails

    Where = str | os.PathLike[str] | None


def load_runs(
    db: Where = None,
    *,
    status: str | None = "done",
    dataset: str | None = None,
    target: str | None = None,
    budget: str | None = None,
    backbone: str | None = None,
    strategy: str | None = None,
) -> pd.DataFrame:
    """Return one row per run, oldest first, with the columns of `bench.store.rows.RunRow`.

    `db` is a path or URL as for `--db` (None: `BENCH_DB`, or `runs.db`); `status` None means every status; the
    other filters are those of `bench leaderboard`, a budget written as limits. Text is `string`, whole numbers are
    `Int64` (missing is `<NA>`), other numbers `float64` (missing is NaN), yes or no is `boolean`, `created_at` and
    `status_at` are times in UTC. Raises StoreError where there is no such database.
    """
    with Store.open(db, create=False) as store:
        rows = store.rows(status=status)
    return run_frame(select_rows(rows, Query(dataset, target, budget, backbone, strategy)))


def leaderboard(
    db: Where = None,
    *,
    dataset: str | None = None,
    target: str | None = None,
    budget: str | None = None,
    backbone: str | None = None,
    strategy: str | None = None,
    sort: str = "val_top1",
    cost: str | None = None,
    published: bool = False,
) -> Leaderboard:
    """Rank what was trained, as `bench leaderboard` does with the same options; shows itself in a notebook.

    Raises StoreError where there is no such database, BenchError for an unknown column.
    """
    from bench.report.board.overlaps import known_overlaps  # noqa: PLC0415 - reads the registry
    from bench.report.board.published import known_published, with_published  # noqa: PLC0415 - the same
    from bench.report.board.tables import leaderboard as ranked  # noqa: PLC0415 - beside them

    query = Query(dataset, target, budget, backbone, strategy, sort=sort, cost=cost)
    with Store.open(db, create=False) as store:
        boards = ranked(store.rows(), query, store.ensembles.list(), store.heads.all())
    if published:
        boards = with_published(boards, known_published(), query)
    return Leaderboard(boards, query, known_overlaps())


def load_run(run: str, db: Where = None) -> RunDetails:
    """Return all that is known of the run whose id begins with `run`; shows itself in a notebook.

    Raises StoreError where it is not one run.
    """
    from bench.report.export.notebook import NotebookRun  # noqa: PLC0415 - only where one run is asked for
    from bench.report.run.details import read_run  # noqa: PLC0415 - the same

    with Store.open(db, create=False) as store:
        return NotebookRun(**vars(read_run(store, run)))


def compare(first: str, second: str, db: Where = None) -> Comparison:
    """Compare two finished runs on the same test images; shows itself in a notebook.

    Raises StoreError where one is not one run or has no predictions, BenchError where they do not compare.
    """
    from bench.inference.class_names import class_names  # noqa: PLC0415 - reads manifests
    from bench.report.export.notebook import NotebookComparison  # noqa: PLC0415 - only where runs are compared
    from bench.report.look.compare import compare_runs  # noqa: PLC0415 - the same

    with Store.open(db, create=False) as store:
        return NotebookComparison(**vars(compare_runs(store, first, second, class_names)))
