"""How Python types become columns, and how constraints are called, for every table."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase


class Finite(sa.types.TypeDecorator[float]):
    """A double that is NULL where the number is NaN or infinite."""

    impl = sa.Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: sa.Dialect) -> float | None:  # noqa: ARG002 - SQLAlchemy's
        """Let only finite numbers through."""
        return value if value is not None and math.isfinite(value) else None


class Words(sa.types.TypeDecorator[str]):
    """Text that every database accepts: a path's undecodable bytes are escaped, NUL characters too."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Escape what UTF-8 or PostgreSQL refuses."""
        if value is None:
            return None
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


class Base(DeclarativeBase):
    """What all our tables share: how a Python type becomes a column, and how constraints are called."""

    type_annotation_map: ClassVar = {
        str: Words,
        int: sa.BigInteger,
        float: Finite,
        dict[str, Any]: sa.JSON(none_as_null=True),
        list[float]: sa.JSON(none_as_null=True),
    }
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
