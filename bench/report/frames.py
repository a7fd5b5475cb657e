"""Records as a pandas DataFrame, with the same column types whatever rows there are; and as Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.atomic import atomic_file
from bench.errors import BenchError


def to_frame(records: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()) -> pd.DataFrame:
    """Return a row per record; `fields` are the columns that come first, whether a record has them or not.

    Text is `string`, whole numbers are `Int64`, other numbers `float64` (missing is NaN), yes or no is `boolean`;
    a column of lists, or without any value, is `object`.
    """
    columns = list(dict.fromkeys((*fields, *(key for record in records for key in record))))
    return pd.DataFrame({name: _series([record.get(name) for record in records]) for name in columns})


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


def _series(values: Sequence[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype=_dtype({type(value) for value in values if value is not None}))


def _dtype(kinds: set[type]) -> str:
    for dtype, allowed in (("boolean", {bool}), ("Int64", {int}), ("float64", {int, float}), ("string", {str})):
        if kinds and kinds <= allowed:
            return dtype
    return "object"
