"""Runs that differ in nothing but their seed, as one group: means, spreads, and how many seeds are behind them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

from bench.metrics.proportions import score_error, wilson
from bench.records.ensembles import Ensemble
from bench.report.board.columns import COLUMNS, Column, head_columns
from bench.report.board.rows import family, hardware
from bench.store.rows import RunHeads, RunRow

LOST = ("failed", "diverged")
_TRIED = ("done", "pruned", *LOST)


Interval = tuple[float, float]


class Stat(NamedTuple):
    """Mean over `n` seeds and sample standard deviation (None for a single seed); no value, n = 0, mean None."""

    mean: float | None
    std: float | None
    n: int


class Cut(NamedTuple):
    """A dataset as a run sees it, and the protocol: known before anything is measured."""

    dataset: str
    target: str
    fingerprint: str | None
    protocol: int
    val_fraction: float
    split_seed: int
    subset: str
    class_groups: str


Candidate = tuple[Any, ...]
"""What a board compares, the values of `CANDIDATE`: a backbone and a strategy, on the same data."""

CANDIDATE = (*Cut._fields, "backbone", "strategy")
_cut_of = attrgetter(*Cut._fields)  # of very many rows: in one call each
_candidate_of = attrgetter(*CANDIDATE)
_by_seed = attrgetter("seed")


class Task(NamedTuple):
    """What must be equal for two accuracies to compare: a `Cut`, and how many images it really had."""

    cut: Cut
    val_n: int | None
    test_n: int | None


@dataclass(frozen=True)
class Group:
    """The finished runs of one group. `lost` counts its seeds that failed or diverged, which no mean includes.

    `tried` counts the configurations of its backbone and strategy that were tried on the same data, this one in.
    An ensemble is a group of one row (`ensembled.as_row`), with what it is made of in `ensemble`.
    `heads` are those of each row, where the runs have several.
    """

    rows: tuple[RunRow, ...]
    lost: int = 0
    ensemble: Ensemble | None = None
    heads: tuple[RunHeads, ...] = ()
    tried: int | None = None

    @property
    def first(self) -> RunRow:
        """The run with the lowest seed: what the seeds share is read from it."""
        return self.rows[0]

    @cached_property
    def val(self) -> float:
        """Mean validation top-1, which ranks; every group has it, because a run without it is in none."""
        if len(self.rows) == 1:
            return self.rows[0].val_top1 or 0.0
        return math.fsum([row.val_top1 or 0.0 for row in self.rows]) / len(self.rows)

    @property
    def group_id(self) -> str:
        """The run id with the seed left out."""
        return self.first.group_id

    @property
    def family(self) -> str:
        """The backbone's family."""
        return family(self.first)

    @property
    def task(self) -> Task:
        """What this group's accuracies compare within."""
        return Task(self.cut, self.first.val_n, self.first.test_n)

    @property
    def cut(self) -> Cut:
        """The data that the group was trained and chosen on."""
        return cut(self.first)

    @property
    def run_ids(self) -> list[str]:
        """The runs behind the group: its seeds, or the members of an ensemble."""
        return [run.run_id for run in (self.ensemble.members if self.ensemble else self.rows)]

    @property
    def seeds(self) -> int:
        """How many seeds its means are over; an ensemble has none."""
        return 0 if self.ensemble else len(self.rows)

    @cached_property
    def _of_heads(self) -> dict[str, list[float | None]]:
        each = [_head_values(heads) for heads in self.heads]
        return {key: [values.get(key) for values in each] for key in (each[0] if each else ())}

    @property
    def machines(self) -> tuple[str, ...]:
        """The hardware that the runs ran on, each named once; none for an ensemble of several machines."""
        if self.ensemble and self.first.hardware is None:
            return ()
        return tuple(dict.fromkeys(map(hardware, self.rows)))

    @property
    def test_error(self) -> float | None:
        """The standard error of the test accuracy that the finite test set alone leaves (`score_error`)."""
        share, n = self.stat("test_top1").mean, self.first.test_n
        return score_error(share, n) if share is not None and n else None

    @property
    def test_interval(self) -> Interval | None:
        """The 95 % Wilson interval of the test accuracy, a mean over seeds, on the images of the test set."""
        return _interval(self.stat("test_top1").mean, self.first.test_n)

    @property
    def val_interval(self) -> Interval | None:
        """The 95 % Wilson interval of the validation accuracy, which ranks."""
        return _interval(self.val, self.first.val_n)

    def is_disturbed(self, key: str, machine: str | None = None) -> bool:
        """Whether what `stat` gives is a time of which every seed was disturbed."""
        if key not in COLUMNS or not COLUMNS[key].timed:  # a head's own column is in no list
            return False
        rows = self._rows(key, machine)
        return bool(rows) and all(COLUMNS[key].is_disturbed(row) for row in rows)

    def cost(self, key: str, machine: str | None = None) -> float | None:
        """Return the mean that a front weighs: None for a time that was disturbed."""
        return None if self.is_disturbed(key, machine) else self.mean(key, machine)

    def stat(self, key: str, machine: str | None = None) -> Stat:
        """Summarise a column of numbers over the seeds.

        What depends on the hardware is summarised over the runs on `machine`; without one, over all runs if they
        share theirs, and not at all if they do not. Disturbed times are left out unless all were disturbed.
        """
        return summarise(self._values(key, machine))

    def mean(self, key: str, machine: str | None = None) -> float | None:
        """Return the mean of `stat`, for those who ask it of very many groups."""
        found = finite(self._values(key, machine))
        return _mean(found) if found else None

    def _values(self, key: str, machine: str | None) -> list[float | None]:
        if self.heads and key in self._of_heads:
            return self._of_heads[key]
        if COLUMNS[key].of_group:
            return [getattr(self, key)]
        return [COLUMNS[key].of(row) for row in self._rows(key, machine)]

    def _rows(self, key: str, machine: str | None) -> Sequence[RunRow]:
        """Return the runs that a column is summarised over."""
        column = COLUMNS[key]
        if not column.hardware:
            return self.rows
        named = machine or (self.machines[0] if len(self.machines) == 1 else None)
        here = [row for row in self.rows if hardware(row) == named]
        return [row for row in here if not column.is_disturbed(row)] or here

    def value(self, column: Column, machine: str | None = None) -> float | str | None:
        """Return what a column shows of this group: its words, or the mean of its numbers."""
        if column.unit == "text":
            return str(column.of(self.first))
        return self.mean(column.key, machine)


def data_name(dataset: str, target: str = "label", subset: object = None) -> str:
    """Name the data something is about: dataset, and target and subset where they are not the plain ones."""
    return ", ".join(str(part) for part in (dataset, target if target != "label" else "", subset) if part)


def cut(row: RunRow) -> Cut:
    """Read off a run what data it is about."""
    return Cut._make(_cut_of(row))


def summarise(values: Iterable[float | None]) -> Stat:
    """Mean and sample standard deviation of the finite values."""
    found = finite(values)
    n = len(found)
    if n == 0:
        return Stat(None, None, 0)
    mean = _mean(found)
    if n == 1:
        return Stat(mean, None, 1)
    return Stat(mean, math.sqrt(math.fsum([(value - mean) ** 2 for value in found]) / (n - 1)), n)


def finite(values: Iterable[float | None]) -> list[float]:
    """Keep the values that are numbers."""
    return [value for value in values if value is not None and math.isfinite(value)]


def _head_values(heads: RunHeads) -> dict[str, float | None]:
    """Return a joint run's value for each of its `head_columns`, by key."""
    values = [*(row.top1 for row in heads.metrics), *(each.share for each in heads.contradictions)]
    return {column.key: value for column, value in zip(head_columns(heads), values, strict=True)}


def _interval(share: float | None, n: int | None) -> Interval | None:
    return wilson(share, n) if share is not None and n else None


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def ranks(row: RunRow) -> bool:
    """Whether a run may stand in a ranking: it is done, and its validation accuracy is a number."""
    return row.status == "done" and row.val_top1 is not None and math.isfinite(row.val_top1)


def configurations(rows: Iterable[RunRow]) -> Counter[Candidate]:
    """Count the configurations that were tried of each candidate: specs that differ in more than their seed.

    All that has ended counts, from every sweep and search: what was pruned, failed or diverged was a try too.
    """
    ended = {row.group_id: row for row in rows if row.status in _TRIED}
    return Counter(map(_candidate_of, ended.values()))


def group_runs(
    rows: Iterable[RunRow],
    heads: Mapping[str, RunHeads] | None = None,
    tried: Mapping[Candidate, int] | None = None,
) -> list[Group]:
    """Group the runs that rank by everything but their seed; groups come in the order of their first run.

    `heads` are those of joint runs, by run id; `tried` is what `configurations` counted, counted here without it.
    """
    rows = list(rows)
    counted = configurations(rows) if tried is None else tried
    done: dict[str, list[RunRow]] = defaultdict(list)
    lost: dict[str, int] = defaultdict(int)
    for row in rows:
        if ranks(row):
            done[row.group_id].append(row)
        elif row.status in LOST:
            lost[row.group_id] += 1
    groups = []
    for group_id, found in done.items():
        if len(found) > 1:
            found.sort(key=_by_seed)
        own = tuple(heads[row.run_id] for row in found if row.run_id in heads) if heads else ()
        groups.append(Group(tuple(found), lost[group_id], heads=own, tried=counted[_candidate_of(found[0])]))
    return groups
