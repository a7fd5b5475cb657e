"""The accuracy of always naming the most frequent class, if it is high enough to mislead."""

from __future__ import annotations

from bench.store.rows import RunHeads, RunRow
from bench.units import show

CLEARLY = 0.05
"""How far the majority's share may be above an equal share before a note says so."""


def is_imbalanced(row: RunRow, heads: RunHeads | None = None) -> bool:
    """Whether the most frequent class in train has clearly more than an equal share.

    Of several targets the mean share is compared with the mean equal share, which `heads` are needed for.
    """
    classes = {head.target: head.num_classes for head in heads.metrics} if heads else {}
    counts = list(classes.values()) or [row.num_classes]
    equal = sum(1 / count for count in counts) / len(counts)
    return row.majority_share is not None and row.majority_share > equal + CLEARLY


def imbalance_note(row: RunRow, heads: RunHeads | None = None) -> str:
    """Return what always naming the most frequent class is worth; empty for balanced classes."""
    if not is_imbalanced(row, heads):
        return ""
    share, val, test = (
        show(value, "fraction") for value in (row.majority_share, row.val_majority_top1, row.test_majority_top1)
    )
    mean = ", a mean over targets" if "+" in row.target else ""
    return (
        f"Imbalanced: {share} % of train is one class{mean}; always naming it scores val {val} %, test {test} %. "
        "`--sort val_balanced_accuracy` weighs classes equally."
    )
