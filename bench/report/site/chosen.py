"""Which runs of a report get a page of their own, where not all can: those that a reader is likeliest to open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest

from bench.report.board.columns import COLUMNS
from bench.report.board.groups import Group
from bench.report.board.tables import Board, front
from bench.report.pages import Report
from bench.report.plots.figures import X_AXES
from bench.store.rows import RunRow

PAGES = 60
"""How many runs have a page unless more are asked for."""

_LOST_SHARE = 6
"""One page in so many may go to a run without a result, and more where the others leave some."""


def choose_runs(report: Report, most: int | None = PAGES) -> list[RunRow]:
    """Return the runs that get a page, at most `most` of them; None means all.

    The groups on the front of any cost come first, then by rank, each whole, with all its seeds; the boards take
    turns. What is returned is in the order of ranks, and then what has no result. An ensemble is no run.
    """
    ranked = _once(chain.from_iterable(group.rows for board in report.boards for group in _groups(board)))
    lost = [lost.row for lost in report.lost]
    if most is None:
        return [*ranked, *lost]
    room_for_lost = min(len(lost), max(most // _LOST_SHARE, most - len(ranked)))
    taken: set[str] = set()
    for group in _by_interest(report.boards):
        if len(taken.union(group.run_ids)) <= most - room_for_lost:
            taken.update(group.run_ids)
    return [row for row in ranked if row.run_id in taken] + lost[:room_for_lost]


def _by_interest(boards: Iterable[Board]) -> Iterator[Group]:
    queues = [[*_on_a_front(board), *_groups(board)] for board in boards]
    for turn in zip_longest(*queues):
        yield from (group for group in turn if group is not None)


def _on_a_front(board: Board) -> list[Group]:
    groups, found = _groups(board), set[int]()
    for key in X_AXES:
        for machine in board.machines if COLUMNS[key].hardware else (None,):
            found.update(front(groups, COLUMNS[key], machine))
    return [groups[index] for index in sorted(found)]


def _groups(board: Board) -> list[Group]:
    """Return a board's groups of runs, best first."""
    entries = sorted(board.entries, key=lambda entry: entry.rank)
    return [entry.group for entry in entries if entry.group.ensemble is None]


def _once(rows: Iterable[RunRow]) -> list[RunRow]:
    return list({row.run_id: row for row in rows}.values())
