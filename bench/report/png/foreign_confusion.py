"""Plots a head's predictions for another dataset: its classes as rows, the head's as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.png.confusion import ERROR_SHADES, HIT_SHADES
from bench.report.png.theme import GROUND, INK, LINE, cut, headed

_COLUMNS = 40
_NAME = 28
_LARGEST, _TALLEST = 0.34, 16.0  # inches of a cell, of all rows
_READABLE = 3.5  # points

Counts = npt.NDArray[np.int64]
Cells = npt.NDArray[np.bool_]


def draw_foreign_confusion(head: Mapping[str, Any], subject: str, images: int) -> Figure:
    """Draw one head of `Transfer.result`; cells that the map expects are blue, all others orange.

    The classes that are said most often have a column each, the rest share the last.
    """
    rows, columns, counts, right = _cells(head)
    cell = min(_LARGEST, _TALLEST / len(rows))
    points = 72 * cell
    size = min(9.0, 0.72 * points)
    named = size >= _READABLE
    left = 0.35 + (max(len(name) for name in rows) * 0.62 * size / 72 + 0.1 if named else 0.2)
    below = max(len(name) for name in columns) * 0.62 * size / 72 + 0.45 if named else 0.4
    wide, tall = len(columns) * cell, len(rows) * cell
    width, height = max(left + wide + 0.4, 6.4), tall + below + 1.7
    words = "What their classes are taken for", subject, _caption(head, images, counts, right)
    figure, bottom, _ = headed(width, height, words)
    box = (left / width, (bottom + below) / height, wide / width, tall / height)
    _draw(figure.add_axes(box), (rows, columns) if named else ([], []), counts, right, size)
    return figure


def _cells(head: Mapping[str, Any]) -> tuple[list[str], list[str], Counts, Cells]:
    """Return the names of rows and columns, the counts, and which cells the map expects."""
    table = head["confusion"]
    counts = np.array(table["counts"], np.int64).reshape(len(table["theirs"]), len(table["said"]))
    ours = {score["theirs"]: score["ours"] for score in head["readings"][-1]["classes"]}
    expected = [ours.get(name, "") for name in table["theirs"]]
    said = list(table["said"])
    meant = [name for name in dict.fromkeys(expected) if name in said]
    others = sorted(
        (name for name in said if name not in meant), key=lambda name: -counts[:, said.index(name)].sum()
    )
    kept = [*meant, *others][:_COLUMNS]
    drawn = counts[:, [said.index(name) for name in kept]]
    if len(kept) < len(said):
        rest = counts.sum(axis=1) - drawn.sum(axis=1)
        drawn = np.column_stack([drawn, rest])
        kept = [*kept, f"{len(said) - len(kept)} others"]
    right = np.array([[name == mine for name in kept] for mine in expected])
    rows = [f"{cut(name.replace('_', ' '), _NAME)}" for name in table["theirs"]]
    return rows, [cut(name.replace("_", " "), _NAME) for name in kept], drawn, right


def _caption(head: Mapping[str, Any], images: int, counts: Counts, right: Cells) -> str:
    hits, reading = int(counts[right].sum()), head["readings"][-1]["name"]
    also = "" if len(head["readings"]) == 1 else f", the map read {reading}"
    return (
        f"{hits:,} of {images:,} images are taken for the class of ours that theirs is{also}. Rows are their "
        f"classes, columns the {head['target']} classes that were said. Colour is the share of the row's images: "
        "blue where the map expects it, orange elsewhere, on a square-root scale."
    )


def _draw(
    axes: Axes,
    names: tuple[Sequence[str], Sequence[str]],
    counts: Counts,
    right: Cells,
    size: float,
) -> None:
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    most = float(shares[~right].max(initial=0.0)) or 1.0
    colours = np.where(right[..., None], HIT_SHADES(shares), ERROR_SHADES(np.sqrt(np.minimum(1, shares / most))))
    axes.imshow(colours, interpolation="nearest", aspect="auto")
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=LINE)
    axes.set_yticks(range(len(names[0])), names[0], size=size, color=INK)
    axes.set_xticks(range(len(names[1])), names[1], size=size, color=INK, rotation=90)
    axes.tick_params(pad=2)
    if not names[0]:
        return
    for row, column in zip(*np.nonzero(counts), strict=True):
        share, hit = shares[row, column], right[row, column]
        dark = share > 0.6 if hit else share / most > 0.36  # noqa: PLR2004 - where white is read better
        text = str(counts[row, column])
        axes.text(
            column, row, text, ha="center", va="center", size=min(size, 1.9 * size / len(text)),
            color=GROUND if dark else INK,
        )  # fmt: skip
