"""The runs of a database as a table, for notebooks: `bench.load_runs()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_type_hints

import pandas as pd

from bench.store.rows import RunRow
from bench.store.store import Store

if TYPE_CHECKING:
    import os

_DTYPES = {str: "string", int: "Int64", float: "float64"}
_TIMES = ("created_at", "status_at")


def load_runs(db: str | os.PathLike[str] | None = None, *, status: str | None = "done") -> pd.DataFrame:
    """Return one row per run, oldest first, with the columns of `bench.store.rows.RunRow`.

    `db` is a path or URL as for `--db` (None: `BENCH_DB`, or `runs.db`); `status` None means every status. Text is
    `string`, whole numbers are `Int64` (missing is `<NA>`), other numbers `float64` (missing is NaN), `created_at`
    and `status_at` are times in UTC. Raises StoreError where there is no such database.
    """
    with Store.open(db, create=False) as store:
        frame = pd.DataFrame(store.rows(status=status), columns=list(RunRow._fields))
    frame = frame.astype({name: _dtype(hint) for name, hint in get_type_hints(RunRow).items()})
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name], unit="s", utc=True)
    return frame


def _dtype(hint: object) -> str:
    kinds = getattr(hint, "__args__", (hint,))  # `int | None` has int and None
    return next(dtype for kind, dtype in _DTYPES.items() if kind in kinds)
