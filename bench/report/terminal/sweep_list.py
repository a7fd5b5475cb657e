"""The sweeps of a database, for a terminal or as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.run.runs import STATUSES, clock
from bench.report.sweeps.state import kind_of
from bench.store.rows import SweepRow, SweepSpan
from bench.store.store import Store
from bench.units import show

GIVING_WAY = ("command", "left out", "kind", "recorded", "budget", "dataset")
"""What a narrow terminal does without, in this order."""


LONGEST = 60
"""Characters of a command on a terminal; `--json` and the sweep's page have it whole."""


def sweep_records(store: Store, wanted: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Return every sweep as plain data, oldest first; those that are `wanted`, if any are, with all that is known.

    Raises StoreError where there is no sweep of a number.
    """
    whole = {sweep_id: _whole(store, sweep_id) for sweep_id in wanted}
    statuses, spans = store.sweep_work.statuses(), store.sweep_work.spans()
    return [
        {**_record(row, statuses.get(row.id, {}), spans.get(row.id)), **whole.get(row.id, {})}
        for row in store.sweeps()
        if not wanted or row.id in whole
    ]


def sweep_lines(records: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Return what a terminal shows of records, newest first."""
    return [
        {
            "sweep": one["id"],
            "recorded": clock(one["created_at"])[:16],
            **({"kind": one["kind"]} if "kind" in one else {}),
            "dataset": one["dataset"],
            "budget": one["budget"],
            "runs": one["planned"],
            "done": one["runs"].get("done", 0),
            "not done": ", ".join(f"{count:,} {name}" for name, count in one["runs"].items() if name != "done"),
            "left out": one["rejected"] or "",
            "wall time": show(one["wall_s"], "seconds") if one["wall_s"] is not None else "",
            "command": _short(one["command"]),
        }
        for one in reversed(records)
    ]


def _short(command: str) -> str:
    return command if len(command) <= LONGEST else f"{command[:LONGEST]}..."


def _record(row: SweepRow, runs: Mapping[str, int], span: SweepSpan | None) -> dict[str, Any]:
    counts = {name: runs[name] for name in STATUSES if name in runs}
    work = {"began_at": None, "ended_at": None, "attempts": 0} if span is None else span._asdict()
    wall = span.ended_at - span.began_at if span else None
    known = {name: getattr(row, name) for name in ("id", "created_at", "dataset", "budget", "planned", "rejected")}
    return {**known, "runs": counts, **work, "wall_s": wall, "command": row.command}


def _whole(store: Store, sweep_id: int) -> dict[str, Any]:
    record = store.sweep(sweep_id)
    statuses = store.statuses(record.run_ids)
    return {
        "kind": kind_of(record.request),
        "request": record.request,
        "run_statuses": {run_id: statuses[run_id] for run_id in record.run_ids},
        "left_out": [dataclasses.asdict(one) for one in record.rejected],
        "passes": [one._asdict() for one in store.sweep_work.passes(sweep_id)],
    }
