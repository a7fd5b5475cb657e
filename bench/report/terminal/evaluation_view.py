"""A saved model's test beside the row of its run, on a terminal and as plain data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from bench.report.board.groups import data_name
from bench.report.terminal.console import plain_table
from bench.units import show

if TYPE_CHECKING:
    from bench.inference.evaluating import Compared, Evaluated
    from bench.store.rows import RunRow

_NAMES = {
    "top1": "top-1 %",
    "top5": "top-5 %",
    "macro_f1": "macro-F1 %",
    "loss": "loss",
    "scores": "scores, % off",
}


def evaluation_view(made: Evaluated, row: RunRow) -> RenderableType:
    """Show the recorded metrics, those of now and the verdict."""
    table = plain_table(["test", "recorded", "again", "difference", "allowed", ""], right=_NUMBERS)
    for one in made.metrics:
        off = abs(one.again - one.recorded) if one.recorded is not None else None
        digits = (_exact(value, one) for value in (one.recorded, one.again, off, one.allowed))
        table.add_row(_NAMES[one.metric], *digits, Text("" if one.equal else "differs", style="bold red"))
    name = f"{row.backbone}, {row.strategy}, on {data_name(row.dataset, row.target, row.subset)}, seed {row.seed}"
    verdict = "The saved model is the one that the row describes." if made.equal else _OTHER
    where = f"{made.images:,} test images on {made.hardware}; recorded on {row.hardware or 'unknown hardware'}."
    return Group(
        Text.assemble((name, "bold"), f"  {made.run_id[:12]}"), table,
        Text(f"\n{verdict}", style="" if made.equal else "bold red"), Text(where, style="dim"),
    )  # fmt: skip


def evaluation_record(made: Evaluated) -> dict[str, Any]:
    """Return it as plain data; what is not finite is None."""
    metrics = {
        one.metric: {
            "recorded": one.recorded,
            "again": one.again if math.isfinite(one.again) else None,
            "allowed": one.allowed,
            "equal": one.equal,
        }
        for one in made.metrics
    }
    return {
        "run_id": made.run_id,
        "images": made.images,
        "hardware": made.hardware,
        "equal": made.equal,
        "metrics": metrics,
    }


_NUMBERS = ("recorded", "again", "difference", "allowed")
_OTHER = (
    "The saved model is not the one that the row describes: its weights, the images or the libraries have changed."
)


def _exact(value: float | None, one: Compared) -> str:
    """Write a number with two digits more than tables have: small differences are what matters here."""
    if value is None or not math.isfinite(value):
        return show(value, one.unit)
    return f"{100 * value:.3f}" if one.unit == "fraction" else f"{value:.5f}"
