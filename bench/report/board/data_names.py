"""Unique names for the datasets of a list in which two may share a name, as two folders can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from bench.report.board.groups import data_name
from bench.store.rows import RunRow

_DIGITS = 6


class DataNames:
    """Names the data of each row of a list; a name of several contents gets digits of the fingerprint."""

    def __init__(self, rows: Iterable[RunRow]) -> None:
        contents: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row.fingerprint:
                contents[row.dataset].add(row.fingerprint)
        self._shared = {name for name, fingerprints in contents.items() if len(fingerprints) > 1}

    def __call__(self, row: RunRow, *, subset: bool = True) -> str:
        """Return `folder:birds #1a2b3c, coarse, train=60`, with digits only if another dataset has the name."""
        name = row.dataset
        if name in self._shared and row.fingerprint:
            name += f" #{row.fingerprint[:_DIGITS]}"
        return data_name(name, row.target, row.subset if subset else "")
