"""Rows as pandas DataFrames, whose types do not depend on what is missing; and these as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import pandas as pd

from bench.disk.atomic import atomic_file
from bench.errors import BenchError
from bench.report.board.columns import COLUMNS
from bench.store.rows import RunRow

_DTYPES = {str: "string", bool: "boolean", int: "Int64", float: "float64"}
_TIMES = ("created_at", "status_at")
_KINDS: tuple[tuple[str, set[type]], ...] = (
    ("boolean", {bool}),
    ("Int64", {int}),
    ("float64", {int, float}),
    ("string", {str}),
)


def run_frame(rows: Iterable[RunRow]) -> pd.DataFrame:
    """Return a row per run with the columns of `RunRow`: `string`, `Int64`, `float64`, and times in UTC."""
    frame = pd.DataFrame(list(rows), columns=list(RunRow._fields))
    frame = frame.astype({name: _of_hint(hint) for name, hint in get_type_hints(RunRow).items()})
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name], unit="s", utc=True)
    return frame


def to_frame(records: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()) -> pd.DataFrame:
    """Return a row per record; `fields` are the columns that come first, whether a record has them or not.

    Text is `string`, whole numbers are `Int64`, other numbers `float64` (missing is NaN), yes or no is `boolean`,
    lists are `object`.
    """
    columns = list(dict.fromkeys((*fields, *(key for record in records for key in record))))
    return pd.DataFrame({name: _series(name, [record.get(name) for record in records]) for name in columns})


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, whole or not at all. Raises BenchError where pyarrow is missing."""
    try:
        import pyarrow  # noqa: F401, ICN001, PLC0415 - an extra: only Parquet needs it
    except ImportError:
        raise BenchError(
            "Cannot write Parquet.",
            "pyarrow is not installed.",
            "pip install 'backbone-bench[parquet]', or write CSV or JSON.",
        ) from None
    with atomic_file(path) as temporary:
        frame.to_parquet(temporary, engine="pyarrow", index=False)


def _series(name: str, values: Sequence[Any]) -> pd.Series[Any]:
    kinds = {type(value) for value in values if value is not None}
    return pd.Series(values, dtype=_of_values(kinds) if kinds else _of_column(name))


def _of_values(kinds: set[type]) -> str:
    return next((dtype for dtype, allowed in _KINDS if kinds <= allowed), "object")


def _of_column(name: str) -> str:
    """Return the type of a column without values: of a quantity `float64`, of anything else `object`."""
    column = COLUMNS.get(name.removesuffix("_std"))
    return "float64" if column and column.unit != "text" else "object"


def _of_hint(hint: object) -> str:
    kinds = getattr(hint, "__args__", (hint,))  # `int | None` has int and None
    return next(dtype for kind, dtype in _DTYPES.items() if kind in kinds)
