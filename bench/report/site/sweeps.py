"""The pages of sweeps, one that lists all and one for each: the whole database, whatever is filtered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.report.run.runs import STATUSES, utc
from bench.report.site.folder import Page, SiteFolder
from bench.report.site.material import SWEEPS, Material, sweep_page
from bench.report.site.sheet import Cell, Head, Sheet, number
from bench.report.site.sweep_page import sweep_as_page
from bench.report.sweeps.searches import searches
from bench.report.sweeps.state import Kind, State, SweepState, kind_of
from bench.store.rows import RunRow, SweepRow, SweepSpan
from bench.store.store import Store

LONGEST_COMMAND = 90
"""Characters of a command in the list; its own page has it whole."""


@dataclass(frozen=True)
class ListedSweep:
    """One line of the list."""

    row: SweepRow
    kind: Kind
    state: State
    counts: Mapping[str, int]
    found_done: int
    span: SweepSpan | None


def write_sweeps(site: SiteFolder, material: Material) -> None:
    """Write the page of every sweep, and the list of them."""
    store = material.store
    rows = {row.run_id: row for row in store.rows()}
    detailed = frozenset(row.run_id for row in material.detailed)
    known = store.sweeps()
    spans, shared = store.sweep_work.spans(), store.sweep_work.planned_by()
    found = searches(store, (store.sweep(row.id) for row in known))
    listed = []
    for row in known:
        sweep = read_sweep(store, row, rows, shared)
        search = found.of(sweep.record)
        note = found.why_not if "tune" in sweep.record.request else ""
        site.page(sweep_as_page(sweep, store.sweep_work.passes(row.id), search, detailed, note))
        listed.append(
            ListedSweep(
                row, kind_of(sweep.record.request), sweep.state, sweep.counts, sweep.found_done, spans.get(row.id)
            )
        )
    site.page(_list_page(listed, material.report.filters))


def read_sweep(
    store: Store, row: SweepRow, rows: Mapping[str, RunRow], shared: Mapping[str, tuple[int, ...]]
) -> SweepState:
    """Read what is known of a sweep; `rows` are all runs by id, `shared` says which sweeps planned each."""
    record = store.sweep(row.id)
    own_rows = [rows[run_id] for run_id in record.run_ids if run_id in rows]
    attempts = store.sweep_work.attempts(row.id)
    running = [run.run_id for run in own_rows if run.status == "running"]
    return SweepState(
        row=row,
        record=record,
        rows=own_rows,
        own=[attempt for attempt in attempts if attempt.started_at >= row.created_at],
        earlier=[attempt for attempt in attempts if attempt.started_at < row.created_at],
        live=frozenset(store.others_running(running)) if running else frozenset(),
        shared=shared,
    )


def _list_page(listed: Sequence[ListedSweep], filters: str) -> Page:
    context = {
        "listed": listed,
        "sheet_of_all": _sheet(listed),
        "facts": _facts(listed),
        "filters": filters,
        "statuses": [name for name in STATUSES if any(one.counts.get(name) for one in listed)],
    }
    scripts = ("sortable.js", "sheet.js", "tables.js")
    return Page(SWEEPS, "Sweeps", "Sweeps", "sweeps.html.j2", context, scripts)


def _facts(listed: Iterable[ListedSweep]) -> list[tuple[str, str]]:
    listed = list(listed)
    kinds = {"sweeps": ("sweep", "study"), "searches": ("search", "study search")}
    counted = {name: sum(one.kind in words for one in listed) for name, words in kinds.items()}
    return [(name, f"{count:,}") for name, count in counted.items() if count]


def _sheet(listed: Iterable[ListedSweep]) -> Sheet:
    heads = (
        Head("id", "sweep", numeric=True, down=True), Head("when", "recorded", numeric=True, down=True),
        Head("kind", "kind"), Head("dataset", "dataset"), Head("budget", "budget"), Head("state", "state"),
        Head("planned", "runs", numeric=True, down=True), Head("done", "done", numeric=True, down=True),
        Head("other", "not done"), Head("left", "left out", numeric=True, down=True),
        Head("wall", "wall time", numeric=True, down=True), Head("command", "command"),
    )  # fmt: skip
    return Sheet("Sweeps", heads, [_cells(one) for one in reversed(list(listed))])


def _cells(one: ListedSweep) -> list[Cell]:
    row, span = one.row, one.span
    others = ", ".join(f"{count:,} {name}" for name, count in one.counts.items() if name != "done")
    command = row.command if len(row.command) <= LONGEST_COMMAND else f"{row.command[:LONGEST_COMMAND]} ..."
    return [
        Cell(str(row.id), str(row.id), link=sweep_page(row.id)),
        Cell(f"{utc(row.created_at)[:16]} UTC", repr(row.created_at)),
        Cell(one.kind),
        Cell(row.dataset),
        Cell(row.budget),
        Cell(one.state, style=f"state {one.state.replace(' ', '-')}"),
        number(row.planned, "count"),
        number(row.done, "count"),
        Cell(others),
        number(row.rejected, "count"),
        number(span.ended_at - span.began_at if span else None, "seconds"),
        Cell(command, code=True),
    ]
