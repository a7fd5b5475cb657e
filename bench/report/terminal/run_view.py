"""One run in full on a terminal: results, counts, curves, attempts, spec, provenance, how to repeat it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.records.runs import EpochRecord
from bench.report.board.groups import data_name
from bench.report.board.layout import short_name
from bench.report.run.details import RunDetails
from bench.report.run.numbers import RESULTS, epoch_table
from bench.report.run.runs import clock, error_text
from bench.report.run.spec_groups import SpecEntry, SpecGroup, plain_value
from bench.report.terminal.console import command_line_text, lines_table, plain_table
from bench.report.terminal.heads_view import heads_view
from bench.report.terminal.run_list import STATUS_STYLES
from bench.report.terminal.transfer_view import transfers_view
from bench.store.rows import AttemptRow, RunRow

_BARS = "▁▂▃▄▅▆▇█"
_EPOCH_ROWS = 12
_GIVES_WAY = (
    "train top-5 %", "test top-5 %", "val top-5 %", "train top-1 %", "test top-1 %", "train loss", "test loss",
)  # fmt: skip
_DIGITS = 12


def run_view(details: RunDetails) -> RenderableType:
    """Show everything about a run, one section below the other; empty sections are left out."""
    row = details.row
    data = data_name(row.dataset, row.target, row.subset)
    name = f"{short_name(row.backbone)}, {row.strategy}, seed {row.seed} on {data}"
    head = Text.assemble((name, "bold"), "  ", (_status(row), STATUS_STYLES.get(row.status, "")))
    parts: list[RenderableType] = [head, Text(row.run_id, style="dim")]
    for name, body in _sections(details).items():
        if body is not None:
            parts += [Text(f"\n{name}", style="bold"), Padding.indent(body, 2)]
    return Group(*parts, *_repeat(details))


def _status(row: RunRow) -> str:
    return row.status if row.rung is None else f"pruned at rung {row.rung}, after epoch {row.pruned_at_epoch}"


def sparkline(values: Sequence[float]) -> str:
    """Draw finite values as bars between their least and greatest, and a gap for each that is not finite."""
    finite = [value for value in values if math.isfinite(value)]
    low = min(finite, default=0.0)
    span = max(finite, default=0.0) - low
    top = len(_BARS) - 1
    return "".join(
        " " if not math.isfinite(value) else _BARS[round((value - low) / span * top)] if span else _BARS[0]
        for value in values
    )


def _sections(details: RunDetails) -> dict[str, RenderableType | None]:
    """Return the sections, what is asked for most first: results, or of a run without any why."""
    row, attempts = details.row, _attempts(details.attempts) if details.attempts else None
    done = row.status == "done"
    return {
        **({} if done else {"Attempts": attempts}),
        "Results": _results(details) if done else None,
        "Counts": pairs(details.counts),
        "Heads": heads_view(details.heads),
        "On other datasets": transfers_view(details.transfers) if details.transfers else None,
        "Epochs": _curves(details.epochs, row.num_classes) if details.epochs else None,
        **({"Attempts": attempts} if done else {}),
        "Spec": _spec(details.spec_groups),
        "Provenance": _provenance(details.telling_attempt),
    }


def _spec(groups: Iterable[SpecGroup]) -> RenderableType:
    """Show what a spec sets, group by group, and its defaults in one piece: all of it identifies the run."""
    parts: list[RenderableType] = []
    for group in groups:
        told = [(entry.name, _short(entry)) for entry in group.entries if not entry.default]
        usual = ", ".join(f"{entry.name} {entry.text}" for entry in group.entries if entry.default)
        lines = [*told, *([("defaults", usual)] if usual else [])]
        parts += [Text(group.title, style="italic"), Padding.indent(pairs(lines), 2)]
    return Group(*parts)


def _short(entry: SpecEntry) -> str:
    """Write a value, of a digest what tells enough; `--json` has the whole."""
    return f"{entry.text[:_DIGITS]}..." if entry.digest else entry.text


def _results(details: RunDetails) -> RenderableType:
    table = lines_table(RESULTS, details.results, drop=("balanced %", "macro-F1 %", "top-5 %", "loss"))
    chosen = f"At epoch {details.row.best_epoch}, which validation chose. Never used to choose:"
    never, costs = pairs(details.never_used), pairs(details.costs)
    return Group(table, pairs(details.majority), Text(chosen, style="dim"), never, Text(""), costs)


def curve_lines(epochs: Sequence[EpochRecord]) -> Table:
    """Show each curve as a sparkline, with the values that it begins and ends with."""
    curves = {
        "val top-1": [epoch.val.top1 for epoch in epochs],
        "val loss": [epoch.val.loss for epoch in epochs],
        "train loss": [epoch.train_loss for epoch in epochs],
        "test loss": [math.nan if epoch.test_loss is None else epoch.test_loss for epoch in epochs],
    }
    return pairs(
        (name, f"{sparkline(values)}  {values[0]:.4g} to {values[-1]:.4g}")
        for name, values in curves.items()
        if any(map(math.isfinite, values)) or not name.startswith("test")
    )


def _curves(epochs: Sequence[EpochRecord], classes: int) -> RenderableType:
    """Show each curve as a sparkline, then the epochs as a table; of many epochs evenly spread ones."""
    spread = _spread(epochs)
    table = epoch_table(spread, classes)
    lines = [
        (str(epoch.epoch), f"{epoch.steps:,}", f"{epoch.lr:.3g}", *cells)
        for epoch, cells in zip(spread, table.rows, strict=True)
    ]
    drop = ("steps", "lr", *(name for name in _GIVES_WAY if name in table.headings))
    return Group(
        curve_lines(epochs), Text(""), lines_table(("epoch", "steps", "lr", *table.headings), lines, drop=drop)
    )


def _spread(epochs: Sequence[EpochRecord]) -> Sequence[EpochRecord]:
    if len(epochs) <= _EPOCH_ROWS:
        return epochs
    last = len(epochs) - 1
    return [epochs[round(index * last / (_EPOCH_ROWS - 1))] for index in range(_EPOCH_ROWS)]


def _attempts(attempts: Sequence[AttemptRow]) -> RenderableType:
    table = plain_table(["#", "status", "started", "ended", "error"], right=["#"])
    for attempt in attempts:
        status = Text(attempt.status, style=STATUS_STYLES.get(attempt.status, ""))
        error = " ".join(part for part in (error_text(attempt), attempt.error_todo) if part)
        times = (clock(attempt.started_at), clock(attempt.finished_at))
        table.add_row(str(attempt.number), status, *map(Text, (*times, error)))
    traces = [
        Text(attempt.error_trace or "", style="dim")
        for attempt in attempts
        if "\n" in (attempt.error_trace or "").strip()
    ]
    return Group(table, *traces)


def _provenance(attempt: AttemptRow | None) -> RenderableType | None:
    if attempt is None:
        return None
    shown = {key: value for key, value in attempt.provenance.items() if key not in ("command", "versions")}
    versions = ", ".join(f"{name} {number}" for name, number in attempt.provenance.get("versions", {}).items())
    return pairs([*((key, plain_value(value)) for key, value in shown.items()), ("versions", versions or "-")])


def _repeat(details: RunDetails) -> list[RenderableType]:
    """Show the command that made the run, which nothing indents or wraps: it is there to be copied."""
    if not details.command:
        return []
    note = Text("As it was run. What is done is skipped: give another --db to run it again.", style="dim")
    return [Text("\nRepeat", style="bold"), command_line_text(details.command), Padding.indent(note, 2)]


def pairs(pairs: Iterable[tuple[str, str]]) -> Table:
    """Lay names and values out in two columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(name), Text(value))
    return table
