"""What a table or report is asked for: which runs, in which order, weighed against which cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bench.errors import BenchError, unknown_name
from bench.report.rows import architecture, counts
from bench.store.rows import RunRow


@dataclass(frozen=True)
class Query:
    """Filters and order of a leaderboard. `backbone` and `strategy` may hold the wildcards `*` and `?`.

    A backbone may be named without its library; a strategy without its argument: `last_blocks` finds
    `last_blocks(2)`. `budget` is text as in `bench sweep --budget`. `sort` and `cost` are keys of `columns`.
    """

    dataset: str | None = None
    target: str | None = None
    budget: str | None = None
    backbone: str | None = None
    strategy: str | None = None
    sort: str = "val_top1"
    reverse: bool = False
    cost: str = "trainable_params"

    @property
    def filters(self) -> str:
        """The filters in words, for titles and messages; empty without any."""
        named = (("dataset", self.dataset), ("target", self.target), ("budget", self.budget))
        more = (("backbone", self.backbone), ("strategy", self.strategy))
        return ", ".join(f"{name} {value}" for name, value in (*named, *more) if value)


def select_rows(rows: Iterable[RunRow], query: Query) -> list[RunRow]:
    """Keep the runs that every filter lets through; a dataset or target that no run has is an error."""
    kept = list(rows)
    for field, wanted in (("dataset", query.dataset), ("target", query.target)):
        if wanted is not None:
            known = {getattr(row, field) for row in kept}
            if kept and wanted not in known:
                raise unknown_name(field, wanted, known, BenchError)
            kept = [row for row in kept if getattr(row, field) == wanted]
    return within([row for row in kept if _matches(row, query)], query.budget)


def within(rows: Iterable[RunRow], budget: str | None) -> list[RunRow]:
    """Keep the runs whose counts a budget allows; all without one."""
    if not budget:
        return list(rows)
    from bench.plan.budget import parse_budget  # noqa: PLC0415 - only where a budget is given

    limits = parse_budget(budget)
    return [row for row in rows if not limits.reasons(counts(row))]


def _matches(row: RunRow, query: Query) -> bool:
    names = (row.backbone, architecture(row))
    if query.backbone is not None and not any(fnmatchcase(name, query.backbone) for name in names):
        return False
    return query.strategy is None or _same_strategy(row.strategy, query.strategy)


def _same_strategy(strategy: str, wanted: str) -> bool:
    """Compare part by part of a composition, each with or without its argument, wildcards allowed."""
    bare = "+".join(part.partition("(")[0] for part in strategy.split("+"))
    wanted = wanted.replace(" ", "")
    return any(fnmatchcase(name.replace(" ", ""), wanted) for name in (strategy, bare))
