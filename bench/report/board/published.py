"""Published figures as rows beside measured ones: never ranked, on no front, each with its source and note."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report.board.columns import column, cost, telling_cost
from bench.report.board.groups import Cut, Task
from bench.report.board.query import Query, same_backbone, same_strategy
from bench.report.board.tables import Board, Published

if TYPE_CHECKING:
    from bench.registry.loading import Registry
    from bench.registry.studies import ReferenceEntry, StudyEntry, StudyRunEntry

_SHOWN = ("test_top1", "test_top5", "val_top1", "total_params", "trainable_params", "epochs")
"""The figures of a study that are columns of a board too."""


def known_published(folders: Iterable[Path] | None = None) -> list[Published]:
    """Read every published figure of the registry: studies first; `folders` are those of `--registry`.

    Of a name that a folder gives to data of other classes or counts there are none.
    """
    from bench.registry.loading import Registry  # noqa: PLC0415 - only where published figures are asked for
    from bench.registry.studies import ReferenceEntry, StudyEntry  # noqa: PLC0415 - the same

    registry = Registry.load(folders or ())
    classes, others = _classes(registry), _renamed(registry)
    studies = [
        _of_run(study, run, run.target or _first_target(classes, study.dataset))
        for study in sorted(registry.all(StudyEntry), key=lambda study: study.name)
        for run in study.run
    ]
    references = [
        row
        for entry in registry.all(ReferenceEntry)
        for row in _of_reference(entry, _first_target(classes, entry.dataset))
    ]
    return [
        replace(row, num_classes=classes.get(row.dataset, {}).get(row.target))
        for row in (*studies, *references)
        if row.dataset not in others and ("test_top1" in row.values or "val_top1" in row.values)
    ]


def with_published(boards: Sequence[Board], rows: Iterable[Published], query: Query) -> list[Board]:
    """Put published rows on the boards of their dataset and target, as far as the query lets them through.

    They are of the whole dataset: a board of a part of it, of other classes or of a user's groups has none.
    """
    kept = [row for row in rows if _passes(row, query)]
    return [replace(board, published=tuple(row for row in kept if _belongs(row, board))) for board in boards]


def published_boards(rows: Iterable[Published], query: Query) -> list[Board]:
    """Make a board of published rows alone for each target of the dataset that the query names.

    It has no entries, so nothing on it is ranked. For datasets of which nothing was measured.
    """
    kept = [row for row in rows if row.dataset == query.dataset and _passes(row, query)]
    targets = [target for target in dict.fromkeys(row.target for row in kept) if query.target in (None, target)]
    boards = []
    for target in targets:
        data = Cut(
            str(query.dataset),
            target,
            None,
            protocol=0,
            val_fraction=0.0,
            split_seed=0,
            subset="",
            class_groups="",
        )
        task = Task(data, None, None)
        title = ", ".join([task.cut.dataset, *([target] if target != "label" else [])])
        here = tuple(row for row in kept if row.target == target)
        usual = telling_cost(lambda key, here=here: [row.values.get(key) for row in here])  # type: ignore[misc]
        price = cost(query.cost) if query.cost else usual
        boards.append(Board(title, task, (), price, column(query.sort), published=here))
    return boards


def _belongs(row: Published, board: Board) -> bool:
    data = board.task.cut
    measured = {entry.group.first.num_classes for entry in board.entries}
    same = row.num_classes is None or measured <= {row.num_classes}
    return same and not data.subset and not data.class_groups and (row.dataset, row.target) == data[:2]


def _of_run(study: StudyEntry, run: StudyRunEntry, target: str) -> Published:
    values = {k: v for k, v in run.published.items() if k in _SHOWN and k not in run.incomparable}
    notes = [run.note, run.remark, f"trained on {run.dataset_subset}" if run.dataset_subset else ""]
    if study.split.val_is_test and "val_top1" in values:
        values["test_top1"] = values.pop("val_top1")
        notes.append(study.split.note)
    return Published(
        dataset=study.dataset,
        target=target,
        backbone=run.backbone,
        method=run.strategy,
        source=study.source,
        name=run.name,
        values=values,
        note="; ".join(note for note in notes if note),
    )


def _of_reference(entry: ReferenceEntry, target: str) -> list[Published]:
    rows = []
    for row in entry.rows:
        values: dict[str, float] = {entry.metric: row.value}
        if row.params_m is not None:
            values["trainable_backbone_params"] = row.params_m * 1e6
        notes = [
            f"parameters {entry.params}" if row.params_m is not None else "",
            f"trained on {100 * row.share:g} % of the training set" if row.share < 1 else "",
            entry.note,
        ]
        note, backbone = "; ".join(note for note in notes if note), row.backbone or entry.backbone
        rows.append(Published(entry.dataset, target, backbone, row.method, entry.source, values=values, note=note))
    return rows


def _classes(registry: Registry) -> dict[str, dict[str, int]]:
    """Return the classes under each target of every dataset, by its name; the first target is the default."""
    from bench.registry.entries import DatasetEntry  # noqa: PLC0415 - as above

    entries = registry.all(DatasetEntry)
    return {entry.name: entry.targets or {"label": entry.num_classes} for entry in entries}


def _first_target(classes: Mapping[str, Mapping[str, int]], dataset: str) -> str:
    return next(iter(classes.get(dataset, ())), "label")


def _renamed(registry: Registry) -> set[str]:
    """Return the names of shipped datasets under which the registry has data of other classes or counts."""
    from bench.registry.entries import DatasetEntry  # noqa: PLC0415 - as above
    from bench.registry.loading import Registry as Shipped  # noqa: PLC0415 - the same
    from bench.registry.loading import shipped_folder  # noqa: PLC0415 - the same

    shipped = Shipped()
    shipped.add_folder(shipped_folder(), plugin=False)
    known = {entry.name: entry for entry in shipped.all(DatasetEntry)}
    return {
        entry.name
        for entry in registry.all(DatasetEntry)
        if (own := known.get(entry.name, entry))
        and (
            (own.num_classes, own.targets) != (entry.num_classes, entry.targets)
            or (entry.counts and own.counts != entry.counts)
        )
    }


def _passes(row: Published, query: Query) -> bool:
    """Hold a row against the filters; what its source does not print is not known to fit a budget."""
    if query.backbone is not None and not same_backbone(row.backbone, query.backbone):
        return False
    if query.strategy is not None and not same_strategy(row.method, query.strategy):
        return False
    if not query.budget:
        return True
    from bench.plan.budget import QUANTITIES, parse_budget  # noqa: PLC0415 - only where a budget is given

    limits = parse_budget(query.budget).limits
    return all(row.values.get(QUANTITIES.get(quantity, quantity), math.inf) <= limit for quantity, limit in limits)
