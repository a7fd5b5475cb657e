"""Test images with their true and predicted class as a table for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from bench.report.look.mistakes import Chosen
from bench.report.terminal.console import plain_table


def mistakes_view(chosen: Chosen) -> Table:
    """List images; a cross marks what is wrong."""
    table = plain_table(["", "image", "true", "predicted", "sure %", "true %"], right=["sure %", "true %"])
    for one in chosen.shown:
        mark = Text("✓", style="green") if one.right else Text("✗", style="red")
        shares = (f"{100 * share:.1f}" for share in (one.confidence, one.true_confidence))
        table.add_row(mark, Text(one.id), Text(one.true), Text(one.predicted), *shares)
    return table
