"""Which columns a board shows, most important first, and why; names and marks that its cells share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from bench.records.runs import Counts
from bench.report.board.columns import COLUMNS, NEVER_RANKS, USUAL_COSTS, Column, head_columns
from bench.report.board.groups import CANDIDATE, Group, Task
from bench.report.board.tables import Board
from bench.store.rows import RunRow

if TYPE_CHECKING:
    from bench.report.board.query import Query

NAMES = ("backbone", "strategy")
_names = attrgetter(*NAMES)
_TOLD_APART_BY = ("weights", "recipe_name", "image_size", "precision")
_MEASURED = ("val_top1", "test_top1")

Reason = Literal["name", "twins", "accuracy", "head", "tuning", "cost", "sorted", "usual", "asked", "never ranks"]
"""Why a board shows a column: `twins` tells rows of the same name apart, `cost` is what its front weighs."""

ESSENTIAL = ("name", "twins", "accuracy", "tuning")
"""Why the narrowest terminal shows a column: without it, rows could not be told apart or compared."""

_ESSENTIAL_KEYS: dict[str, Reason] = {**dict.fromkeys((*_TOLD_APART_BY, "run"), "twins"), "tried": "tuning"}

CHOSEN = "‡"
"""Marks an ensemble whose weights or members were chosen on the validation images that rank it."""

DISTURBED = "~"
"""Marks a time that was measured beside other work or on a slowed machine."""

_COSTS = ("trainable_params", "total_params", "gmacs", "standalone_s")
_NOTED = ("majority_share", "val_majority_top1", "test_majority_top1", "disturbed")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def shown_columns(board: Board, also: Sequence[str] = ()) -> dict[Column, Reason]:
    """Return the columns of a board: names, accuracies, heads, costs, `also`, and last what never ranks.

    Weights, recipe, image size and precision are there only if two rows would otherwise read the same, and a
    run's id if even they are equal; how many configurations were tried, if that is not one of each.
    """
    tuned = ["tried"] if any((entry.group.tried or 0) > 1 for entry in board.entries) else []
    wanted: list[tuple[str, Reason]] = [
        *((key, "name") for key in NAMES),
        *((key, "twins") for key in _told_apart_by(board)),
        *((key, "accuracy") for key in _MEASURED),
    ]
    costs: list[tuple[str, Reason]] = [
        *((key, "tuning") for key in tuned),
        (board.sort.key, _ESSENTIAL_KEYS.get(board.sort.key, "sorted")),
        (board.cost.key, "cost"),
        *((key, "usual") for key in _COSTS),
        *((key, "asked") for key in also),
    ]
    never = [key for key in NEVER_RANKS if any(entry.group.stat(key, board.machine).n for entry in board.entries)]
    columns = {COLUMNS[key]: reason for key, reason in wanted}
    columns |= {column: "head" for column in head_columns(board.heads) if column.test}
    for key, reason in costs:
        if key not in never:
            columns.setdefault(COLUMNS[key], "cost" if key == board.cost.key else reason)
    return columns | {COLUMNS[key]: "never ranks" for key in never}


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
    return {*identity, *counts, *_NOTED, *(name for key in shown for name in _stored(key))}


def machine_letters(board: Board) -> dict[str, str]:
    """Return a letter for each hardware of a board: A, B, ..., Z, 27, 28, ..."""
    return {
        name: _LETTERS[index] if index < len(_LETTERS) else str(index + 1)
        for index, name in enumerate(board.machines)
    }


def short_name(name: str) -> str:
    """Leave out a backbone's library where it is timm, as most are: `timm/resnet18` is `resnet18`."""
    return name.removeprefix("timm/")


def _stored(key: str) -> tuple[str, ...]:
    """Return the stored columns that a column of `COLUMNS`, or one of `RunRow`, is read from."""
    reads = COLUMNS[key].reads if key in COLUMNS else ()
    return tuple(name for name in reads or (key,) if name in RunRow._fields)


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
    return len({tuple(COLUMNS[key].of(group.first) for key in keys) for group in groups})
