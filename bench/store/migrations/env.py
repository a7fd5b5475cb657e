"""Alembic's entry: runs the migrations on the connection that `bench.store.migrate` hands over.

To write the next revision, change `schema.py` and run, with a database of the present revision in runs.db:
`alembic -c bench/store/migrations/alembic.ini revision --autogenerate --rev-id 0002 -m "why"`, then add the id to
`schema.REVISIONS` and a database of the old revision to `tests/fixtures`.
"""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from alembic import context

from bench.store.location import locate
from bench.store.migrate import VERSION_TABLE, is_ours
from bench.store.schema import Base


def plain_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own column types as what the database sees, so that old migrations need no present code."""
    if kind == "type" and isinstance(item, sa.types.TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def migrate(connection: sa.Connection) -> None:
    """Run what alembic was asked for, inside the transaction that is already open if there is one."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        include_name=is_ours,
        render_as_batch=True,
        render_item=plain_type,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with sa.create_engine(locate().url).begin() as opened:
        migrate(opened)
