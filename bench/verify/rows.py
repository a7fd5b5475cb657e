"""The rows of a database: ids hashed again from stored specs, columns against specs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bench.spec import digest
from bench.store.schema import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.store.store import Store
    from bench.verify.findings import Findings, Progress

SAME = ("strategy", "seed", "protocol", "precision", "backend")
"""Columns that repeat a key of the spec."""

COPY = "Restore the database from a copy; what this row says is not what was planned."

AT_ONCE = 500


def check_rows(store: Store, findings: Findings, progress: Progress) -> None:
    """Hash every run's id and group from its stored spec, and compare the columns that repeat the spec.

    The spec is taken as it is stored, so rows of any version of bench are checked.
    """
    total = len(store.rows(only=("run_id",)))
    for done, row in enumerate(_stored(store), start=1):
        progress(done, total, "run ids")
        findings.checked["run ids"] += 1
        for what in _differing(row):
            findings.wrong("run ids", row["run_id"], what, COPY)


def _stored(store: Store) -> Iterator[Mapping[str, Any]]:
    """Read a few hundred runs at a time: specs of a large database take much memory."""
    names = ("run_id", "group_id", "spec", "dataset", "backbone", *SAME)
    statement = sa.select(*(getattr(Run, name) for name in names)).order_by(Run.run_id).limit(AT_ONCE)
    last = ""
    while True:
        with store.sessions.reading() as session:
            found = [dict(row) for row in session.execute(statement.where(Run.run_id > last)).mappings()]
        yield from found
        if len(found) < AT_ONCE:
            return
        last = found[-1]["run_id"]


def _differing(row: Mapping[str, Any]) -> Iterator[str]:
    spec = row["spec"]
    try:
        own, group = digest(spec), digest({**spec, "seed": 0}, "group")
        named = {name: spec.get(name, row[name]) for name in SAME}  # older specs leave some out
        named |= {
            "dataset": spec["dataset"]["name"],
            "backbone": f"{spec['backbone']['library']}/{spec['backbone']['architecture']}",
        }
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        yield f"Its spec cannot be read: {type(error).__name__}: {error}."
        return
    if own != row["run_id"]:
        yield f"Its spec hashes to {own[:12]}: it is another run's, or was changed."
    if group != row["group_id"]:
        yield f"Its group is {row['group_id'][:12]}, its spec's is {group[:12]}."
    for name, value in named.items():
        if row[name] != value:
            yield f"The column {name} is {row[name]!r}, the spec has {value!r}."
