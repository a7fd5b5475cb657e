"""The list of runs on a terminal: a line per run, and below it a line per attempt that tells more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.report.board.layout import short_name
from bench.report.board.titles import DataNames
from bench.report.run.runs import Attempts, clock, count_statuses, error_text, status_text
from bench.report.terminal.console import fitting, plain_table
from bench.store.rows import AttemptRow, RunRow
from bench.units import show

_HEADINGS = ("run", "status", "backbone", "strategy", "seed", "val %", "test %", "dataset", "since", "error")
_NUMBERS = ("seed", "val %", "test %")
_GIVING_WAY = ("since", "dataset", "test %", "seed")

STATUS_STYLES = {
    "planned": "dim",
    "running": "cyan",
    "done": "green",
    "failed": "bold red",
    "diverged": "magenta",
    "interrupted": "yellow",
    "pruned": "blue",
}


def runs_view(rows: Sequence[RunRow], attempts: Attempts, console: Console, *, limit: int = 0) -> RenderableType:
    """Show the first `limit` runs (0: all) with their attempts, and how many there are in each status."""
    if not rows:
        return Text("No such runs. `bench sweep` makes some.")
    shown = rows[:limit] if limit else rows
    names = DataNames(shown)
    lines = [line for row in shown for line in _lines(row, names(row), attempts[row.run_id])]
    table = fitting(_HEADINGS, console, lambda kept: _table(kept, lines), _GIVING_WAY)
    counted = ", ".join(f"{count:,} {status}" for status, count in count_statuses(rows).items())
    hidden = len(rows) - len(shown)
    more = f"; the latest {len(shown):,} are shown, --limit 0 shows all" if hidden else ""
    return Group(table, Text(f"\n{len(rows):,} run{'s' * (len(rows) != 1)}: {counted}{more}.", style="dim"))


def _table(headings: Sequence[str], lines: Iterable[Mapping[str, str]]) -> Table:
    table = plain_table(headings, right=_NUMBERS)
    for line in lines:
        style = STATUS_STYLES.get(line["status"].partition(" ")[0], "")
        table.add_row(*(Text(line.get(name, ""), style=style if name == "status" else "") for name in headings))
    return table


def _lines(row: RunRow, dataset: str, attempts: Sequence[AttemptRow]) -> Iterable[dict[str, str]]:
    """Yield a run's line, then those of its attempts; the only attempt of a run that went well tells no more."""
    yield {
        "run": row.run_id[:12],
        "status": status_text(row),
        "dataset": dataset,
        "backbone": short_name(row.backbone),
        "strategy": row.strategy,
        "seed": str(row.seed),
        "val %": show(row.val_top1, "fraction"),
        "test %": show(row.test_top1, "fraction"),
        "since": clock(row.status_at),
    }
    if len(attempts) == 1 and not error_text(attempts[0]):
        return
    for attempt in attempts:
        yield {
            "run": f"  attempt {attempt.number}",
            "status": attempt.status,
            "since": clock(attempt.started_at),
            "error": error_text(attempt),
        }
