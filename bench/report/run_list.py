"""The list of runs on a terminal: a line per run, and below it a line per attempt that tells more."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from bench.report.console import plain_table
from bench.report.layout import short_name
from bench.report.runs import Attempts, clock, count_statuses, error_text
from bench.report.units import show
from bench.store.rows import AttemptRow, RunRow

STATUS_STYLES = {
    "planned": "dim",
    "running": "cyan",
    "done": "green",
    "failed": "bold red",
    "diverged": "magenta",
    "interrupted": "yellow",
}


def runs_view(rows: Sequence[RunRow], attempts: Attempts, *, limit: int = 0) -> RenderableType:
    """Show the first `limit` runs (0: all) with their attempts, and how many there are in each status."""
    if not rows:
        return Text("No such runs. `bench sweep` makes some.")
    table = plain_table(
        ["run", "status", "dataset", "backbone", "strategy", "seed", "val top-1 %", "test top-1 %", "since"],
        right=["seed", "val top-1 %", "test top-1 %"],
    )
    shown = rows[:limit] if limit else rows
    for row in shown:
        table.add_row(*_run_cells(row))
        for attempt in _telling(attempts[row.run_id]):
            table.add_row(*_attempt_cells(attempt))
    counted = ", ".join(f"{count:,} {status}" for status, count in count_statuses(rows).items())
    hidden = len(rows) - len(shown)
    more = f"; the latest {len(shown):,} are shown, --limit 0 shows all" if hidden else ""
    return Group(table, Text(f"\n{len(rows):,} runs: {counted}{more}.", style="dim"))


def _run_cells(row: RunRow) -> list[Text]:
    cells = [row.run_id[:12], row.status, row.dataset, short_name(row.backbone), row.strategy, str(row.seed)]
    values = [show(value, "fraction") for value in (row.val_top1, row.test_top1)]
    texts = [Text(cell) for cell in (*cells, *values, clock(row.status_at))]
    texts[1].stylize(STATUS_STYLES.get(row.status, ""))
    return texts


def _telling(attempts: Sequence[AttemptRow]) -> Sequence[AttemptRow]:
    """Leave out the attempt of a run that went well at once: its line says it all."""
    return () if len(attempts) == 1 and not error_text(attempts[0]) else attempts


def _attempt_cells(attempt: AttemptRow) -> list[Text]:
    status = Text(attempt.status, style=STATUS_STYLES.get(attempt.status, ""))
    told = Text(error_text(attempt) or attempt.hardware, style="dim")
    number = Text(f"  attempt {attempt.number}", style="dim")
    return [number, status, Text(""), told, *(Text("") for _ in range(4)), Text(clock(attempt.started_at))]
