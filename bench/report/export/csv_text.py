"""Records as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bench.units import visible

_RISKY = ("=", "+", "-", "@", "\t", "\n")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def to_csv(records: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()) -> str:
    """Write records as CSV: text that begins like a formula gets an apostrophe, lists are joined by spaces.

    `fields` are the columns that come first, whether a record has them or not. None, and what is not finite, is an
    empty cell. Characters that would steer a terminal are escaped.
    """
    text = io.StringIO()
    columns = list(dict.fromkeys((*fields, *(key for record in records for key in record))))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in record.items()} for record in records)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (list, tuple)):
        value = " ".join(map(str, value))
    if isinstance(value, str):
        value = visible(value.replace("\r\n", "\n").replace("\r", "\n"))  # csv leaves a lone CR without quotes
    if isinstance(value, str) and value.startswith(_RISKY) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
