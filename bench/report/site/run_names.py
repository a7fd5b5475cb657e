"""What a run is called where several are told apart."""

from __future__ import annotations

from typing import TypedDict

from bench.report.board.columns import COLUMNS
from bench.report.board.groups import data_name
from bench.report.board.layout import short_name
from bench.store.rows import RunRow
from bench.units import show


class RunLabel(TypedDict):
    """`name` tells runs on the same `data` apart, as far as a few words can; `more` is what else identifies it."""

    name: str
    data: str
    seed: int
    more: str


def run_label(row: RunRow) -> RunLabel:
    """Name a run: backbone and strategy; its data; its seed; weights, recipe and image size."""
    return RunLabel(
        name=f"{short_name(row.backbone)}, {row.strategy}",
        data=data_name(row.dataset, row.target, row.subset),
        seed=row.seed,
        more=f"{COLUMNS['weights'].of(row)}, {row.recipe_name}, {row.image_size} px",
    )


def run_result(row: RunRow) -> str:
    """Say in a word what came of a run: its validation accuracy, or how it ended."""
    return f"val {show(row.val_top1, 'fraction')} %" if row.status == "done" else row.status
