"""What is kept of frozen passes, on a terminal or as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from bench.report.terminal.console import plain_table
from bench.units import show

HEADINGS = ("key", "backbone", "dataset", "frontier", "images", "MB", "computed in", "last used")
STATES = {
    "damaged": "damaged",
    "outdated": "not used: it has no checksums",
    "partial": "interrupted: the next pass goes on",
    "left": "left by a killed process",
    "being written": "being written",
}
NUMBERS = frozenset(("images", "MB", "computed in", "last used"))


def cache_view(entries: Sequence[Mapping[str, Any]], folder: str) -> RenderableType:
    """Show the entries (`bench.disk.cached.Listed` as dictionaries) and their sum."""
    table = plain_table(HEADINGS, right=NUMBERS)
    for entry in entries:
        at = entry["used_at"]
        used = STATES.get(entry["state"]) or time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
        names = (entry["key"][:8], entry["backbone"], entry["dataset"], entry["frontier"])
        sizes = (f"{entry['images']:,}", f"{entry['bytes'] / 1e6:,.1f}", show(entry["seconds"], "seconds"))
        table.add_row(*(Text(word) for word in (*names, *sizes, used)))
    total = sum(entry["bytes"] for entry in entries) / 1e9
    said = Text(f"{len(entries)} entries, {total:,.2f} GB in {folder}", style="dim")
    return Group(table, said) if entries else said


def cache_json(entries: Sequence[Mapping[str, Any]]) -> str:
    """Write the entries as JSON; sizes in bytes, times in seconds (since 1970)."""
    return json.dumps(list(entries), indent=2)
