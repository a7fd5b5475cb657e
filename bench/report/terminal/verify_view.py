"""Renders the findings of `bench verify` on a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from bench.report.terminal.console import plain_table

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN = 20
"""How many findings of one kind are shown; `--json` has all."""


def verify_view(record: Mapping[str, Any], where: str) -> RenderableType:
    """Show the record of `bench.verify.findings.Findings`: how much was checked, then each finding."""
    wrong = Counter(found["kind"] for found in record["found"] if found["wrong"])
    table = plain_table(("checked", "things", "findings"), right=frozenset(("things", "findings")))
    for kind, count in sorted({**dict.fromkeys(wrong, 0), **record["checked"]}.items()):
        table.add_row(Text(kind), Text(f"{count:,}"), Text(str(wrong[kind] or "none")))
    parts: list[RenderableType] = [table]
    for is_wrong in (True, False):
        parts += _listed([found for found in record["found"] if found["wrong"] == is_wrong])
    total = sum(wrong.values())
    said = f"{total} finding{'s' * (total != 1)}" if total else "Nothing is wrong"
    return Group(*parts, Text(f"{said}. Database: {where}"))


def _listed(found: list[Mapping[str, Any]]) -> list[RenderableType]:
    seen: Counter[str] = Counter()
    lines: list[RenderableType] = []
    for each in found:
        seen[each["kind"]] += 1
        if seen[each["kind"]] <= SHOWN:
            word = "wrong" if each["wrong"] else "note"
            name = each["name"] if "/" in each["name"] else each["name"][:12]
            lines.append(Text(f"\n{word}: {each['kind']} {name}\n  {each['what']}\n  {each['todo']}"))
    more = {kind: count - SHOWN for kind, count in seen.items() if count > SHOWN}
    return [*lines, *(Text(f"\n... and {count} more of {kind}; --json has all.") for kind, count in more.items())]
