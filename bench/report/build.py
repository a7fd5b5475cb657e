"""From the database to the report's file: what to read, what to leave out and say so, where to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.disk.atomic import write_text
from bench.errors import BudgetError
from bench.report.board.groups import ranks
from bench.report.board.noise import kept_predictions
from bench.report.board.overlaps import Overlaps
from bench.report.board.published import with_published
from bench.report.board.query import Query, select_rows, within
from bench.report.board.tables import Board, Published, leaderboard
from bench.report.pages import Lost, Report
from bench.report.places import written_to
from bench.report.run.runs import count_statuses, last_error
from bench.report.site.overview import render_single
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow
from bench.store.store import Store

DEFAULT_PATH = Path("reports/report.html")
_LOST = ("failed", "diverged", "interrupted", "pruned")


def write_report(
    store: Store,
    path: Path = DEFAULT_PATH,
    *,
    title: str = "",
    query: Query | None = None,
    overlaps: Overlaps | None = None,
    published: Sequence[Published] = (),
    version: str = "",
    command: str = "",
) -> Path:
    """Write the report of what the query lets through as one HTML file, whole or not at all; return its path.

    It says which version of bench made it with which `command`.
    """
    query = query or Query()
    report = make_report(store, title=title, query=query, overlaps=overlaps or {}, published=published)
    with written_to(path, str(DEFAULT_PATH)):
        write_text(path, render_single(report, version, command))
    return path


def make_report(
    store: Store,
    *,
    title: str,
    query: Query,
    overlaps: Overlaps,
    published: Sequence[Published] = (),
    most_lost: int = 500,
) -> Report:
    """Read everything that a report says; of `most_lost` runs without a result it gives the reason."""
    everything = store.rows()
    rows = select_rows(everything, query)
    found = leaderboard(everything, query, store.ensembles.list(), store.heads.all())
    boards = with_published(found, published, query)
    lost = [row for row in rows if row.status in _LOST or (row.status == "done" and not ranks(row))]
    return Report(
        title=title or _title(boards),
        boards=boards,
        lost=[Lost(row, _reason(store, row)) for row in lost[:most_lost]],
        lost_count=len(lost),
        statuses=count_statuses(rows),
        budgets=_budgets(store, rows, query),
        overlaps=overlaps,
        versions=_versions(store, boards),
        find_val=kept_predictions(Artifacts.of(store)),
        filters=query.filters,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _title(boards: Iterable[Board]) -> str:
    names = ", ".join(dict.fromkeys(board.task.cut.dataset for board in boards))
    return f"Which backbone for {names}?" if names else "Which backbone?"


def _reason(store: Store, row: RunRow) -> str:
    if row.status == "done":
        return "Its validation accuracy is not a finite number."
    return last_error(store.attempts(row.run_id))


def _budgets(store: Store, rows: Iterable[RunRow], query: Query) -> dict[str, str]:
    """Return the budget that may be named beside each dataset's answer.

    That is the query's; without one, the one that all its sweeps share, if every finished run keeps it.
    """
    found: dict[str, str] = {}
    done = [row for row in rows if ranks(row)]
    for dataset in {row.dataset for row in done}:
        asked = {sweep.budget for sweep in store.sweeps() if sweep.dataset == dataset}
        budget = query.budget or (asked.pop() if len(asked) == 1 else "")
        if budget and _kept_by_all([row for row in done if row.dataset == dataset], budget):
            found[dataset] = budget
    return found


def _kept_by_all(rows: list[RunRow], budget: str) -> bool:
    try:
        return len(within(rows, budget)) == len(rows)
    except BudgetError:  # a name that the registry no longer has
        return False


def _versions(store: Store, boards: Iterable[Board]) -> Mapping[str, str]:
    """Return the library versions behind each board's best row; of several, all."""
    found: dict[str, dict[str, None]] = {}
    for board in boards:
        best = next((entry.group for entry in board.entries if entry.rank == 1), None)
        for attempt in store.attempts(best.run_ids[0]) if best else ():
            for name, number in attempt.provenance.get("versions", {}).items():
                found.setdefault(name, {})[number] = None
    return {name: ", ".join(numbers) for name, numbers in sorted(found.items())}
