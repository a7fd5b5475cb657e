"""The confusion matrix as a picture: coloured cells, names where there is room, the worst pairs beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from bench.report.look.confusion import Counts, Order, Pair, Shares, row_shares
from bench.report.look.diagnosis import Diagnosis
from bench.report.plots.charts import ERRORS, HITS
from bench.report.png.theme import GRID, GROUND, INK, LINE, MUTED, cut, headed
from bench.units import show

ERROR_SHADES = LinearSegmentedColormap.from_list("errors", [GROUND, "#fbd9bf", ERRORS.light, "#7a3200"])
HIT_SHADES = LinearSegmentedColormap.from_list("hits", ["#eef4f9", "#9cc6e4", HITS.light])
NAMED_UP_TO, COUNTED_UP_TO, NUMBERED = 110, 32, 15  # classes, classes, pairs
_NAME, _LIST = 26, 24  # letters of a class name beside the matrix, and in the list
_LIST_WIDTH, _LIST_ROW = 4.6, 0.235  # inches
_COLUMNS: tuple[tuple[float, Literal["left", "right"]], ...] = (
    (0.2, "right"),
    (0.32, "left"),
    (1.88, "left"),
    (3.95, "right"),
    (4.5, "right"),
)
"""Where the columns of the list stand, in inches, and which of their sides."""


def draw_confusion(diagnosis: Diagnosis, subject: str, split: str) -> Figure:
    """Draw the matrix with its classes clustered and the worst pairs listed, numbered where cells are small."""
    classes = len(diagnosis.names)
    side = float(np.clip(0.25 * classes, 5.2, 10.4))
    margin = _margin(diagnosis.names, side) if classes <= NAMED_UP_TO else 0.2
    width, height = 0.55 + margin + side + 0.5 + _LIST_WIDTH, side + margin + 1.85
    words = "What is taken for what", subject, _caption(diagnosis, split)
    figure, bottom, _ = headed(width, height, words)

    def box(left: float, low: float, wide: float, tall: float) -> Axes:
        return figure.add_axes((left / width, low / height, wide / width, tall / height))

    low, left = bottom + 0.42 + margin, 0.55 + margin
    _draw_matrix(box(left, low, side, side), diagnosis, 72 * side / classes)
    listing = box(left + side + 0.5, low, _LIST_WIDTH, side)
    listing.set(xlim=(0, _LIST_WIDTH), ylim=(side / _LIST_ROW, 0))
    listing.set_axis_off()
    _draw_list(listing, diagnosis.names, diagnosis.pairs[: int((side - 1.6) / _LIST_ROW - 2.4)])
    keys = [box(left + side + 0.5, low + foot, 2.2, 0.13) for foot in (0.22, 0.84)]
    _draw_keys(keys, _scale(row_shares(diagnosis.matrix)).vmax or 1.0)
    return figure


def _margin(names: Sequence[str], side: float) -> float:
    """Return the inches that the longest name needs."""
    size = _size_of_names(72 * side / max(len(names), 1))
    return max(len(cut(name, _NAME)) for name in names) * 0.62 * size / 72 + 0.1


def _size_of_names(points: float) -> float:
    """Return the size of letters, in points, for cells of so many points."""
    return min(9.0, 0.8 * points)


def _caption(diagnosis: Diagnosis, split: str) -> str:
    known = int(diagnosis.matrix.sum())
    absent = int((diagnosis.matrix.sum(axis=1) == 0).sum())
    parts = [
        f"{known - diagnosis.errors:,} of {known:,} {split} images are right, {diagnosis.errors:,} are mistaken.",
        "Rows are true classes, columns what they are taken for; those taken for each other stand together.",
        "Colour is the share of the row's images, mistakes on a square-root scale.",
        f"{absent:,} classes have no image and an empty row." if absent else "",
        "There is no room for names here; the page (HTML) shows them."
        if len(diagnosis.names) > NAMED_UP_TO
        else "",
    ]
    return " ".join(part for part in parts if part)


def _draw_matrix(axes: Axes, diagnosis: Diagnosis, points: float) -> None:
    order = np.array(diagnosis.orders["clustered"])
    counts = diagnosis.matrix[np.ix_(order, order)]
    shares = row_shares(counts)
    axes.imshow(_colours(shares), interpolation="nearest", aspect="auto")
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=LINE)
    axes.set_ylabel("true class", size=8.5)
    axes.set_xlabel("taken for", size=8.5)
    named = len(order) <= NAMED_UP_TO
    names = [cut(diagnosis.names[index], _NAME) for index in order] if named else []
    size, places = _size_of_names(points), range(len(names))
    axes.set_yticks(places, names, size=size, color=INK)
    axes.set_xticks(places, names, size=size, color=INK, rotation=90)
    axes.tick_params(pad=2)
    if len(order) <= COUNTED_UP_TO:
        _write_counts(axes, counts, shares, points)
    else:
        _number_pairs(axes, diagnosis.pairs[:NUMBERED], counts, order)


def _colours(shares: Shares) -> npt.NDArray[np.float64]:
    """Colour each cell (n, n, 4): the diagonal in blues, everything else in oranges, rows without images grey."""
    right = np.eye(len(shares), dtype=bool)
    mixed: npt.NDArray[np.float64] = np.array(ERROR_SHADES(_scale(shares)(shares)))
    mixed[right] = HIT_SHADES(shares[right])
    mixed[shares.sum(axis=1) == 0] = (0.93, 0.93, 0.91, 1.0)
    return mixed


def _scale(shares: Shares) -> PowerNorm:
    """Scale mistakes by their square root up to the largest, so that a single image still shows."""
    mistakes = shares[~np.eye(len(shares), dtype=bool)]
    return PowerNorm(0.5, 0, mistakes.max(initial=0.0) or 1.0, clip=True)


def _write_counts(axes: Axes, counts: npt.NDArray[np.int64], shares: Shares, points: float) -> None:
    norm, size = _scale(shares), min(9.0, 0.4 * points, 1.35 * points / len(str(counts.max())))
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = shares[row, column]
        dark = share > 0.6 if row == column else norm(share) > 0.6  # noqa: PLR2004 - where white is read better
        axes.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            size=size,
            color=GROUND if dark else INK,
        )


def _number_pairs(axes: Axes, pairs: Sequence[Pair], counts: Counts, order: Order) -> None:
    """Ring the worst pairs, and write their places in the list near them, where the matrix is empty."""
    place = {int(index): at for at, index in enumerate(order)}
    busy = (counts > 0).astype(float)
    for pair in pairs:
        busy[place[pair.true], place[pair.predicted]] = 4.0
    for number, pair in enumerate(pairs, 1):
        x, y = place[pair.predicted], place[pair.true]
        axes.plot(x, y, "s", markersize=7, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=0.7)
        at = _free_spot(x, y, busy)
        axes.text(*at, str(number), size=7, weight="bold", ha="center", va="center", color=INK)
        busy[_around(at, busy)] += 4.0


def _free_spot(x: int, y: int, busy: Shares) -> tuple[float, float]:
    """Find the emptiest of the spots around a cell; of equally empty ones the nearest."""
    reach = 0.022 * len(busy)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    spots = [
        (x + reach * far * np.cos(angle), y + reach * far * np.sin(angle))
        for far in (1, 1.5, 2)
        for angle in angles
    ]
    edge = 0.6 * reach
    inside = [spot for spot in spots if all(edge <= at <= len(busy) - 1 - edge for at in spot)]
    return min(inside, key=lambda spot: float(busy[_around(spot, busy)].sum()))


def _around(at: tuple[float, float], busy: Shares) -> tuple[slice, slice]:
    """Return the cells that a number at (x, y) covers."""
    half = 0.011 * len(busy)
    columns, rows = ((max(0, round(place - half)), round(place + half) + 1) for place in at)
    return slice(*rows), slice(*columns)


def _draw_list(axes: Axes, names: Sequence[str], pairs: Sequence[Pair]) -> None:
    """List the worst pairs, a line each, in axes that are measured in inches across and in lines down."""
    axes.text(0, 0, "Most often taken for another", size=10, weight="bold", va="top")
    heads = "", "true class", "taken for", "images", "share"
    _write_line(axes, 1.4, heads, color=MUTED)
    if not pairs:
        axes.text(_COLUMNS[1][0], 2.4, "Nothing is mistaken.", size=8, va="top")
    for place, pair in enumerate(pairs):
        true, predicted = (cut(names[index], _LIST) for index in (pair.true, pair.predicted))
        share = f"{show(pair.share, 'fraction')} %"
        _write_line(axes, 2.4 + place, (str(place + 1), true, predicted, f"{pair.count:,}", share), color=INK)


def _write_line(axes: Axes, line: float, cells: Sequence[str], color: str) -> None:
    for (x, side), text in zip(_COLUMNS, cells, strict=True):
        axes.text(x, line, text, size=7.3, va="top", ha=side, color=color if x > _COLUMNS[0][0] else MUTED)


def _draw_keys(boxes: Sequence[Axes], most: float) -> None:
    """Draw what the two colours mean; `most` is the largest share of mistakes."""
    ramp = np.linspace(0, 1, 128)
    keys = (
        ("mistaken: share of the class's images", ERROR_SHADES(np.sqrt(ramp)), most),
        ("right: share of the class's images", HIT_SHADES(ramp), 1.0),
    )
    for axes, (word, colours, end) in zip(boxes, keys, strict=True):
        axes.imshow(np.asarray(colours)[None], aspect="auto", extent=(0, 100 * end, 0, 1))
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.set_xticks([0, 50 * end, 100 * end], ["0", f"{50 * end:.3g}", f"{100 * end:.3g} %"], size=7)
        axes.set_title(word, size=7.5, weight="normal", color=MUTED, pad=3)
        for spine in axes.spines.values():
            spine.set(visible=True, color=GRID)
