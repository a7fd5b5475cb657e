"""Values in a SQLite database that their column cannot have, by type or by range: another program wrote them."""

from __future__ import annotations

import math
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args

import sqlalchemy as sa

from bench.errors import StoreError
from bench.records.runs import Status
from bench.store.schema import Base, Run
from bench.store.schema_derived import EnsembleMemberRow, EnsembleRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.store.engine import Database

_COUNTS = ("num_classes", "image_size", "batch_size", "latency_batch_size")
"""Columns of whole numbers that are at least 1; all others are at least 0."""

_EARLIEST, _LATEST = 0, 32_503_680_000  # the years 1970 and 3000, in seconds
_RANGES = {
    ("_at",): (_EARLIEST, _LATEST),
    ("_top1", "_top5", "_f1", "_accuracy", "_share", "_fraction"): (0, 1),
    ("gmacs", "_s", "_loss"): (0, math.inf),
}
"""The smallest and the largest value of a float, by how the name of its column ends."""

_SHOWN = 60


CAUSED = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RecursionError,
    sa.exc.OperationalError,  # text that is not UTF-8
)  # fmt: skip
"""The exceptions raised by reading a value of a wrong type, or by calculating with it."""


class OddValueError(ValueError):
    """A value is not of its column's kind; `Sessions` finds out which one, and says so."""


_opened: list[Database] = []


def remember(database: Database) -> None:
    """Note which database was opened last: what is read from it may fail long after it is closed."""
    _opened[:] = [database]


def blamed_on_database(error: BaseException) -> StoreError | None:
    """Return the error that names an odd value of the database opened last, if that may be the cause."""
    if isinstance(error, CAUSED) and _opened:
        try:
            return odd_value(_opened[0])
        except (StoreError, sa.exc.SQLAlchemyError, OSError):
            return None
    return None


def odd_value(database: Database) -> StoreError | None:
    """Return the error that names the first odd value of a database, or None if there is none.

    PostgreSQL lets none in.
    """
    if not database.is_sqlite:
        return None
    with database.engine.connect() as connection, _any_text(connection):
        known = set(sa.inspect(connection).get_table_names())
        for table in Base.metadata.sorted_tables:
            for column in table.columns if table.name in known else ():
                if (found := _first_odd(connection, column)) is not None:
                    return _error(database, column, found[0], found[1:])
        return _without_members(database, connection) if "ensembles" in known else None


def _without_members(database: Database, connection: sa.Connection) -> StoreError | None:
    """Return the error that names the first ensemble without members, or with one that is not there."""
    made, members = EnsembleRow.__table__.c, EnsembleMemberRow.__table__.c
    there = sa.select(members.run_id).where(members.ensemble_id == made.ensemble_id)
    lost = there.where(members.run_id.not_in(sa.select(Run.__table__.c.run_id)))
    odd = sa.select(made.ensemble_id).where(sa.or_(~there.exists(), lost.exists()))
    if (found := connection.scalars(odd.limit(1)).first()) is None:
        return None
    return StoreError(
        f"The database {database.location} has an ensemble without its runs.",
        f"The members of {found!r} are not there: another program deleted them, or the disk is damaged.",
        "Restore a copy, or delete that row of ensembles (sqlite3), and run the same command again.",
    )


class _NoText(str):
    """Text whose bytes are not UTF-8."""

    __slots__ = ()


@contextmanager
def _any_text(connection: sa.Connection) -> Iterator[None]:
    """Read text whatever its bytes are; by default SQLite's driver fails for what is not UTF-8."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for mypy: odd_value has asked
    driver.text_factory = _read_text
    try:
        yield
    finally:
        driver.text_factory = str


def _read_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _NoText(data.decode(errors="backslashreplace"))


def _first_odd(connection: sa.Connection, column: sa.Column[Any]) -> Sequence[Any] | None:
    """Return the first odd value of a column, as text, and the key of its row."""
    named = [sa.cast(one, sa.Text) for one in column.table.primary_key.columns]
    statement = sa.select(sa.cast(column, sa.Text), *named)
    if (found := connection.execute(statement.where(_is_odd(column)).limit(1)).first()) is not None:
        return found
    if _python(column) in (int, float, bool):
        return None
    return next((row for row in connection.execute(statement) if isinstance(row[0], _NoText)), None)


def are_plain(columns: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bool:
    """Return whether every value is of its column's kind, and finite: quickly, without naming one that is not."""
    for column, values in zip(columns, zip(*rows, strict=True), strict=False):
        kinds = set(map(type, values))
        if column.nullable:
            kinds -= {type(None)}
        if not kinds <= _KINDS.get(_python(column), kinds):
            return False
        if float in kinds and not all(map(math.isfinite, filter(None, values))):
            return False
        low, high = _range(column)
        if not all(low <= value <= high for value in values if low > -math.inf and value is not None):
            return False
        if column.name == "status" and not set(values) <= set(get_args(Status)):
            return False
    return True


_KINDS: dict[type, set[type]] = {int: {int}, float: {int, float}, str: {str}, bool: {bool, int}}
_STORED = {int: ["integer"], float: ["integer", "real"], str: ["text"], bool: ["integer"]}
"""Python type -> the types that SQLite keeps it as; all else is JSON, kept as text."""


def _is_odd(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    kind, python = sa.func.typeof(column), _python(column)
    allowed = _STORED.get(python, ["text"])
    odd: list[sa.ColumnElement[bool]] = [kind.not_in([*allowed, *(["null"] if column.nullable else [])])]
    if python is float:
        odd.append(sa.func.abs(sa.cast(column, sa.Double)) > sa.literal_column("1e300"))
    elif isinstance(column.type, sa.JSON):
        text = sa.type_coerce(column, sa.Text)
        valid = sa.case((sa.func.json_valid(text) == 1, sa.func.json_type(text)), else_="broken")
        odd.append(sa.and_(kind == "text", valid.not_in(["object", "array"])))
    elif column.name == "run_id":
        odd.append(sa.or_(sa.func.length(column) != 64, column.op("GLOB")("*[^0-9a-f]*")))  # noqa: PLR2004 - hex
    elif column.name == "status":
        odd.append(column.not_in(get_args(Status)))
    low, high = _range(column)
    if low > -math.inf:
        odd += [column < low, *([column > high] if high < math.inf else [])]
    return sa.or_(*odd)


def _range(column: sa.Column[Any]) -> tuple[float, float]:
    """Return the smallest and the largest value that a column may have; infinite if there is no limit."""
    python = _python(column)
    if python is int:
        return (1 if column.name in _COUNTS else 0), math.inf
    found = (limits for ends, limits in _RANGES.items() if python is float and column.name.endswith(ends))
    return next(found, (-math.inf, math.inf))


def _python(column: sa.Column[Any]) -> type:
    """Return the Python type of a column's values, also where one of our own types is laid over another."""
    kind = column.type
    return kind.impl_instance.python_type if isinstance(kind, sa.types.TypeDecorator) else kind.python_type


def _error(database: Database, column: sa.Column[Any], value: str | None, key: Sequence[str]) -> StoreError:
    shown = "nothing" if value is None else repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")
    names = [one.name for one in column.table.primary_key.columns]
    row = ", ".join(f"{name} {text}" for name, text in zip(names, key, strict=True))
    return StoreError(
        f"The database {database.location} has a value that cannot be read.",
        f"In {column.table.name}, {column.name} of the row with {row} is {shown}: another program wrote it, or "
        "the disk is damaged.",
        "Restore a copy, or correct that value (sqlite3), and run the same command again.",
    )
