"""A copy of a SQLite database, made before its schema changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path


def back_up(database: Path, version: int) -> Path:
    """Copy a database to `X.db.bak-vN` beside it and return the copy's path; an earlier copy is never replaced.

    The copy is consistent whatever others write meanwhile, and has its name only once it is complete.
    """
    copy = _free_name(database, version)
    unfinished = copy.with_name(copy.name + ".part")
    unfinished.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        unfinished.rename(copy)
    finally:
        unfinished.unlink(missing_ok=True)
    return copy


def _free_name(database: Path, version: int) -> Path:
    first = Path(f"{database}.bak-v{version}")
    names = (first if n == 1 else Path(f"{first}-{n}") for n in count(1))
    return next(name for name in names if not name.exists())
