"""What a table or report is asked for: which runs, in which order, weighed against which cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from bench.report.board.rows import counts
from bench.store.rows import RunRow


@dataclass(frozen=True)
class Query:
    """Filters and order of a leaderboard. `backbone` and `strategy` may hold the wildcards `*` and `?`.

    A backbone may be named without its library; a strategy without its argument: `last_blocks` finds
    `last_blocks(2)`. `budget` is text as in `bench sweep --budget`. `sort` and `cost` are keys of `columns`;
    without a `cost` each board weighs the one that tells its rows apart (`columns.telling_cost`).
    """

    dataset: str | None = None
    target: str | None = None
    budget: str | None = None
    backbone: str | None = None
    strategy: str | None = None
    sort: str = "val_top1"
    reverse: bool = False
    cost: str | None = None

    @property
    def filters(self) -> str:
        """The filters in words, for titles and messages; empty without any."""
        named = (("dataset", self.dataset), ("target", self.target), ("budget", self.budget))
        more = (("backbone", self.backbone), ("strategy", self.strategy))
        return ", ".join(f"{name} {value}" for name, value in (*named, *more) if value)


class Unmatched(NamedTuple):
    """A filter that no run passes: its field, what was asked for, and what the runs have instead."""

    field: str
    wanted: str
    known: tuple[str, ...]

    @property
    def is_pattern(self) -> bool:
        """Whether wildcards were asked for."""
        return any(mark in self.wanted for mark in "*?[")


def select_rows(rows: Iterable[RunRow], query: Query) -> list[RunRow]:
    """Keep the runs that every filter lets through."""
    filters = list(_filters(query).values())
    kept = [row for row in rows if all(passes(row) for passes in filters)] if filters else rows
    return within(kept, query.budget)


def unmatched(rows: Iterable[RunRow], query: Query) -> list[Unmatched]:
    """Return the filters on names that no run passes, each taken alone; none where there are no runs at all."""
    rows = list(rows)
    missed = [name for name, passes in _filters(query).items() if rows and not any(map(passes, rows))]
    return [
        Unmatched(name, getattr(query, name), tuple(sorted({getattr(row, name) for row in rows})))
        for name in missed
    ]


def within(rows: Iterable[RunRow], budget: str | None) -> list[RunRow]:
    """Keep the runs whose counts a budget allows; all without one."""
    if not budget:
        return list(rows)
    from bench.plan.budget import parse_budget  # noqa: PLC0415 - only where a budget is given

    limits = parse_budget(budget)
    return [row for row in rows if not limits.reasons(counts(row))]


def _filters(query: Query) -> dict[str, Callable[[RunRow], bool]]:
    """Return, for each filter on names that is given, whether a run passes it."""
    every: dict[str, Callable[[RunRow], bool]] = {
        "dataset": lambda row: row.dataset == query.dataset,
        "target": lambda row: _targets(row.target) == _targets(str(query.target)),
        "backbone": lambda row: same_backbone(row.backbone, str(query.backbone)),
        "strategy": lambda row: same_strategy(row.strategy, str(query.strategy)),
    }
    return {name: passes for name, passes in every.items() if getattr(query, name) is not None}


def _targets(text: str) -> set[str]:
    """Read targets joined with `+`, in any order."""
    return {name.strip() for name in text.split("+")}


def same_backbone(backbone: str, wanted: str) -> bool:
    """Compare a backbone with a name or a pattern, with or without its library."""
    return any(fnmatchcase(name, wanted) for name in (backbone, backbone.rpartition("/")[2]))


def same_strategy(strategy: str, wanted: str) -> bool:
    """Compare part by part of a composition, each with or without its argument, wildcards allowed."""
    bare = "+".join(part.partition("(")[0] for part in strategy.split("+"))
    wanted = wanted.replace(" ", "")
    return any(fnmatchcase(name.replace(" ", ""), wanted) for name in (strategy, bare))
