"""The heads of one joint run on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from bench.report.terminal.console import lines_table
from bench.store.rows import RunHeads
from bench.units import show

_NUMBERS = ("classes", "top-1 %", "top-5 %", "macro-F1 %", "balanced %", "loss", "images")
_GIVING_WAY = ("classes", "loss", "macro-F1 %", "balanced %", "top-5 %", "images")


def heads_view(heads: RunHeads) -> RenderableType | None:
    """Show what each head measured, and how often they contradict each other; None of a run with one head."""
    if not heads.metrics:
        return None
    lines = []
    for row in heads.metrics:
        shares = (show(share, "fraction") for share in (row.top1, row.top5, row.macro_f1, row.balanced_accuracy))
        loss = f"{row.loss:.4f}" if row.loss is not None else "-"
        cells = (f"{row.num_classes:,}", *shares, loss, f"{row.n:,}")
        lines.append((row.target, row.split, *cells))
    table = lines_table(("head", "split", *_NUMBERS), lines, drop=_GIVING_WAY, words=2)
    note = Text("The run's own numbers are means over its heads.", style="dim")
    return Group(table, note, *map(Text, contradictions(heads)))


def contradictions(heads: RunHeads) -> list[str]:
    """Say how often each pair of heads contradicts itself, on which images."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for each in heads.contradictions:
        share = f"{show(each.share, 'fraction')} % of {each.n:,} {each.split} images"
        pairs.setdefault((each.target, each.group_target), []).append(share)
    return [
        f"Contradictions: the {target} class is not in the {group} group on {' and '.join(shares)}."
        for (target, group), shares in pairs.items()
    ]
