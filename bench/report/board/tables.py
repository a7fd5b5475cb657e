"""Leaderboards: groups ranked by validation accuracy, one board per dataset, Pareto-optimal rows marked."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bench.records.ensembles import Ensemble
from bench.report.board.columns import Column, column, cost, telling_cost
from bench.report.board.ensembled import ensemble_groups
from bench.report.board.groups import Group, Task, configurations, cut, group_runs
from bench.report.board.pareto import pareto_front
from bench.report.board.query import Query, select_rows
from bench.report.board.titles import Place, board_titles
from bench.store.rows import RunHeads, RunRow

_RANKS = "val_top1"


@dataclass(frozen=True)
class Published:
    """One published row. `values` are by the key of their column; `method` is a strategy, or what the source says.

    `name` is a study's name for the run, `note` what must be known to read it. `num_classes` are those of the
    target, where they are known.
    """

    dataset: str
    target: str
    backbone: str
    method: str
    source: str
    name: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    num_classes: int | None = None

    @property
    def label(self) -> str:
        """The method as a table shows it, with a study's name for the run."""
        return f"{self.method} ({self.name})" if self.name else self.method

    @property
    def footnote(self) -> str:
        """The source of the row and what must be known to read it."""
        return f"{'; '.join(part for part in (self.source, self.note) if part)}."


@dataclass(frozen=True)
class Entry:
    """One line of a board. `rank` counts from 1 by validation accuracy; equal accuracies share a rank."""

    rank: int
    pareto: bool
    group: Group


@dataclass(frozen=True, repr=False)
class Board:
    """One ranking: what is in it was measured on the same data, and its times on the same hardware if one is set.

    `entries` are in the order that was asked for; `rank` stays the one by validation accuracy. `pruned` counts the
    runs on that data that were stopped early, and rank nowhere; `published` are rows of others.
    """

    title: str
    task: Task
    entries: tuple[Entry, ...]
    cost: Column
    sort: Column
    machine: str | None = None
    pruned: int = 0
    published: tuple[Published, ...] = ()

    @property
    def heads(self) -> RunHeads:
        """The heads that its runs have, by those of one of them; empty where each has one."""
        return next((heads for entry in self.entries for heads in entry.group.heads), RunHeads())

    @property
    def summary(self) -> str:
        """What it is of, in a few words: data, classes, runs."""
        return f"{self.title}, {self.extent}" if self.entries else f"{self.title}, published rows only"

    @property
    def extent(self) -> str:
        """How many classes and runs it is of; it must have entries."""
        classes = self.entries[0].group.first.num_classes
        runs = sum(entry.group.seeds for entry in self.entries)
        targets = self.task.cut.target.count("+") + 1
        several = f" of {targets} targets" if targets > 1 else ""
        return f"{classes} classes{several}, {runs} run{'s' * (runs != 1)}"

    def __repr__(self) -> str:
        return f"<board of {self.summary}: {len(self.entries)} rows by {self.sort.key}>"

    @cached_property
    def machines(self) -> tuple[str, ...]:
        """The hardware behind the board's times, each named once."""
        if self.machine is not None:
            return (self.machine,)
        return tuple(dict.fromkeys(name for entry in self.entries for name in entry.group.machines))


def leaderboard(
    rows: Iterable[RunRow],
    query: Query,
    ensembles: Iterable[Ensemble] = (),
    heads: Mapping[str, RunHeads] | None = None,
) -> list[Board]:
    """Rank what the query lets through: a board per dataset, and per hardware where a time orders or marks it.

    `ensembles` of the runs rank among them; `heads` are those of joint runs, by run id (`store.heads.all()`).
    """
    order, asked = column(query.sort), cost(query.cost) if query.cost else None
    rows = list(rows)
    kept = select_rows(rows, query)
    tried = configurations(rows)  # of all: a filter hides rows, not that they were tried
    groups = [*group_runs(kept, heads, tried), *ensemble_groups(ensembles, rows, query, heads)]
    pruned = Counter(cut(row) for row in kept if row.status == "pruned")
    tasks: dict[Task, list[Group]] = defaultdict(list)
    for group in groups:
        tasks[group.task].append(group)
    split = order.hardware or (asked and asked.hardware)
    places: list[Place] = [
        (task, machine)
        for task in sorted(tasks, key=_place)
        for machine in (sorted({name for group in tasks[task] for name in group.machines}) if split else [None])
    ]
    boards = []
    for title, (task, machine) in zip(board_titles(places), places, strict=True):
        price = asked or usual_cost(tasks[task])
        here = [group for group in tasks[task] if machine is None or machine in group.machines]
        entries = _ordered(_rank(here, price, machine), order, machine, reverse=query.reverse)
        boards.append(
            Board(title, task, tuple(entries), price, order, machine=machine, pruned=pruned[here[0].cut])
        )
    return boards


def numbered(rows: Sequence[Published]) -> tuple[list[int], list[str]]:
    """Return the number of the footnote of every row, and the footnotes; equal ones share a number."""
    texts = list(dict.fromkeys(row.footnote for row in rows))
    return [texts.index(row.footnote) + 1 for row in rows], texts


def front_board(board: Board) -> Board:
    """Return the board with its Pareto-optimal rows alone, cheapest first."""
    kept = [entry for entry in board.entries if entry.pareto]
    kept.sort(key=lambda entry: (entry.group.stat(board.cost.key, board.machine).mean or 0.0, entry.group.val))
    return replace(board, entries=tuple(kept), published=())


def usual_cost(groups: Sequence[Group]) -> Column:
    """Return the cost that a board of these groups weighs when none is asked for: one that tells its runs apart.

    An ensemble has the parameters of all its members, so beside one the members look alike in nothing.
    """
    runs = [group for group in groups if not group.ensemble] or groups
    return telling_cost(lambda key: [group.mean(key) for group in runs])


def front(groups: Iterable[Group], price: Column, machine: str | None = None) -> list[int]:
    """Return the indices of the groups that no other beats in validation accuracy and cost.

    A time that was disturbed is no cost: such a group is on no front, and keeps no other off it.
    """
    points = [(group.val, group.cost(price.key, machine)) for group in groups]
    return pareto_front(points, maximize=[0], minimize=[1])


def rank_groups(groups: Iterable[Group]) -> list[Group]:
    """Order groups by validation accuracy, best first; of a tie the one that trains less first."""
    return sorted(groups, key=lambda group: (-group.val, group.first.trainable_params, group.first.gmacs))


def _rank(groups: list[Group], price: Column, machine: str | None) -> list[Entry]:
    ordered = rank_groups(groups)
    optimal = set(front(ordered, price, machine))
    entries: list[Entry] = []
    rank, before = 0, math.inf
    for index, group in enumerate(ordered):
        if group.val != before:
            rank, before = index + 1, group.val
        entries.append(Entry(rank, index in optimal, group))
    return entries


def _ordered(entries: list[Entry], order: Column, machine: str | None, *, reverse: bool) -> list[Entry]:
    """Sort what is ranked best first, words from a to z, what has no value last either way."""
    if order.key == _RANKS and not reverse:
        return entries
    valued = [(entry.group.value(order, machine), entry) for entry in entries]
    known = [(value, entry) for value, entry in valued if value is not None]
    descending = (order.better == "more") != reverse
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [entry for _, entry in known] + [entry for value, entry in valued if value is None]


def _place(task: Task) -> tuple[Any, ...]:
    """Order boards by dataset and target, and of those the newest protocol first."""
    return task.cut.dataset, task.cut.target, -task.cut.protocol, str(task)
