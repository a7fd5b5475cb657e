"""The evaluations of runs on other datasets that a database has."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.records.runs import Provenance
from bench.records.transfers import Transfer
from bench.store.flatten import provenance_columns
from bench.store.schema_derived import TransferRow
from bench.store.statements import add_missing

if TYPE_CHECKING:
    from bench.store.sessions import Sessions

_FIELDS = [field.name for field in dataclasses.fields(Transfer)]


class Transfers:
    """Evaluations on other datasets, each under the digest of what was asked. Every method is one transaction."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, made: Transfer) -> Transfer:
        """Record an evaluation and return it as it is stored; one of the same id stays as it is."""
        columns = {name: getattr(made, name) for name in _FIELDS} | provenance_columns(made.provenance)
        columns["hardware"] = made.hardware
        with self._sessions.writing() as session:
            columns["created_at"] = self._sessions.now(session)
            add_missing(session, TransferRow, [columns])
        return self.find(made.transfer_id) or made

    def find(self, transfer_id: str) -> Transfer | None:
        """Return an evaluation; None where it was not made yet."""
        with self._sessions.reading() as session:
            row = session.get(TransferRow, transfer_id)
            return _transfer(row) if row else None

    def of_run(self, run_id: str) -> list[Transfer]:
        """Return every evaluation of a run, oldest first."""
        asked = sa.select(TransferRow).where(TransferRow.run_id == run_id)
        with self._sessions.reading() as session:
            rows = session.scalars(asked.order_by(TransferRow.created_at, TransferRow.transfer_id)).all()
            return [_transfer(row) for row in rows]


def _transfer(row: TransferRow) -> Transfer:
    columns = {name: getattr(row, name) for name in _FIELDS}
    return Transfer(**columns | {"provenance": Provenance(**row.provenance)})
