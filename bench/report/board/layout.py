"""Which columns a board shows, most important first, and what is written in each cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from bench.records.runs import Counts
from bench.report.board.columns import COLUMNS, NEVER_RANKS, USUAL_COSTS, Column
from bench.report.board.disturbed import marked
from bench.report.board.groups import CANDIDATE, Group, Task
from bench.report.board.head_columns import head_columns
from bench.report.board.rows import field, stored
from bench.report.board.tables import Board, Published
from bench.units import DASH, show, show_spread

if TYPE_CHECKING:
    from bench.report.board.query import Query

NAMES = ("backbone", "strategy")
_names = attrgetter(*NAMES)
_TOLD_APART_BY = ("weights", "recipe_name", "image_size", "precision")
_MEASURED = ("val_top1", "test_top1")
_TRIED = "tried"
ESSENTIAL = (*NAMES, *_TOLD_APART_BY, "run", *_MEASURED, _TRIED)
"""What a table shows on the narrowest terminal: without it, rows could not be told apart or compared."""

CHOSEN = " ‡"
"""Marks an ensemble whose weights or members were chosen on the validation images that rank it."""

PUBLISHED = "published"
"""What stands in the place of a rank where a row was not measured here."""

SHORT_ID = 8
"""Digits of a run's id that a table shows."""

_COSTS = ("trainable_params", "total_params", "gmacs", "standalone_s")
_NOTED = ("majority_share", "val_majority_top1", "test_majority_top1", "disturbed")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def board_columns(board: Board, also: Sequence[str] = ()) -> list[Column]:
    """Return the columns of a board: names, accuracies, heads, costs, `also`, and last what never ranks.

    Weights, recipe, image size and precision are there only where two rows would otherwise read the same, and a
    run's id where even they are equal; how many configurations were tried, where that is not one of each.
    """
    asked = (board.sort.key, board.cost.key)
    tuned = [_TRIED] if any((entry.group.tried or 0) > 1 for entry in board.entries) else []
    names = dict.fromkeys((*NAMES, *_told_apart_by(board), *_MEASURED))
    keys = dict.fromkeys((*tuned, *asked, *_COSTS, *also))
    never = [key for key in NEVER_RANKS if _has_values(board, key)]
    heads = [column for column in head_columns(board.heads) if column.test]
    rest = [COLUMNS[key] for key in keys if key not in never and key not in names]
    return [*(COLUMNS[key] for key in names), *heads, *rest, *(COLUMNS[key] for key in never)]


def columns_read(query: Query) -> set[str]:
    """Return the stored columns that boards without ensembles are made of and that their tables and plots show.

    For `Store.rows(only=...)`. Ensembles, and data as in `bench.report.export.records`, need all columns.
    """
    identity = (*CANDIDATE, *Task._fields[1:], "group_id", "seed", "status", "num_classes")
    shown = (
        *_TOLD_APART_BY,
        *_MEASURED,
        *NEVER_RANKS,
        *_COSTS,
        query.sort,
        *USUAL_COSTS,
        *filter(None, [query.cost]),
        "hardware",
        "family",
    )
    counts = Counts.__dataclass_fields__ if query.budget else ()
    return {*identity, *counts, *_NOTED, *(name for key in shown for name in stored(key))}


def cell(group: Group, column: Column, board: Board) -> str:
    """Write what a row shows in a column.

    A time among several hardwares carries the letter of its own, one that was disturbed its mark.
    """
    if column.unit == "text":
        mark = CHOSEN if column.key == "strategy" and group.ensemble and group.ensemble.chosen_on_val else ""
        return short_name(str(field(group.first, column.key))) + mark
    text = value_text(group, column, board.machine)
    if column.hardware and text != DASH and len(board.machines) > 1:
        text += f" {machine_letters(board)[group.machines[0]]}"
    return text


def value_text(group: Group, column: Column, machine: str | None = None) -> str:
    """Format the mean of a column over the seeds: an accuracy with its spread, a disturbed time with its mark."""
    mean, std, _ = group.stat(column.key, machine)
    text = show_spread(mean, std, column.unit) if column.unit == "fraction" else show(mean, column.unit)
    return marked(text, disturbed=group.is_disturbed(column.key, machine))


def published_cell(row: Published, column: Column) -> str:
    """Write what a published row shows in a column; a dash where its source says nothing of it."""
    if column.unit == "text":
        words = {"backbone": short_name(row.backbone), "strategy": row.label}
        return words.get(column.key, DASH)
    value = row.values.get(column.key)
    return f"{100 * value:.4g}" if value is not None and column.unit == "fraction" else show(value, column.unit)


def seeds(group: Group) -> str:
    """Write how many seeds a mean has, and of how many that were tried where some failed or diverged."""
    n = group.seeds
    if not n:
        return DASH
    return f"{n} of {n + group.lost}" if group.lost else str(n)


def short_ids(group: Group) -> str:
    """Name the runs behind a row, each by as many digits as `bench show` needs to find it."""
    return " ".join(run_id[:SHORT_ID] for run_id in group.run_ids)


def machine_letters(board: Board) -> dict[str, str]:
    """Return a letter for each hardware of a board: A, B, ..., Z, 27, 28, ..."""
    return {
        name: _LETTERS[index] if index < len(_LETTERS) else str(index + 1)
        for index, name in enumerate(board.machines)
    }


def short_name(name: str) -> str:
    """Leave out a backbone's library where it is timm, as most are: `timm/resnet18` is `resnet18`."""
    return name.removeprefix("timm/")


def heading(column: Column) -> str:
    """Return a column's title; a dagger marks what never ranks."""
    return f"{column.title} †" if column.key in NEVER_RANKS else column.title


def _has_values(board: Board, key: str) -> bool:
    return any(entry.group.stat(key, board.machine).n for entry in board.entries)


def _told_apart_by(board: Board) -> list[str]:
    """Find what differs between rows of the same backbone and strategy."""
    twins: dict[tuple[str, ...], list[Group]] = defaultdict(list)
    for entry in board.entries:
        twins[_names(entry.group.first)].append(entry.group)
    alike = [groups for groups in twins.values() if len(groups) > 1]
    differing = [key for key in _TOLD_APART_BY if any(_differ(groups, [key]) > 1 for groups in alike)]
    return differing if all(_differ(groups, differing) == len(groups) for groups in alike) else [*differing, "run"]


def _differ(groups: Sequence[Group], keys: Sequence[str]) -> int:
    """Count the different values that groups have in some columns."""
    return len({tuple(field(group.first, key) for key in keys) for group in groups})
