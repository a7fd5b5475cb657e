"""The confusion matrix as a picture: coloured cells, class names where there is room, the worst pairs beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from bench.report.charts import ERRORS, HITS
from bench.report.confusion import Order, Pair, Shares, row_shares
from bench.report.diagnosis import Diagnosis
from bench.report.png.theme import GRID, GROUND, INK, LINE, MUTED, cut, headed
from bench.report.units import show

ERROR_SHADES = LinearSegmentedColormap.from_list("errors", [GROUND, "#fbd9bf", ERRORS.light, "#7a3200"])
HIT_SHADES = LinearSegmentedColormap.from_list("hits", ["#eef4f9", "#9cc6e4", HITS.light])
NAMED_UP_TO, COUNTED_UP_TO, NUMBERED = 110, 16, 15  # classes, classes, pairs
_NAME, _LIST = 26, 24  # letters of a class name beside the matrix, and in the list
_LIST_WIDTH, _LIST_ROW = 4.6, 0.235  # inches



def draw_confusion(diagnosis: Diagnosis, subject: str, split: str) -> Figure:
    """Draw the matrix with its classes clustered; the worst pairs are listed, and numbered where names are small."""
    classes = len(diagnosis.names)
    side = float(np.clip(0.104 * classes, 5.2, 10.4))
    margin = _margin(diagnosis.names, side) if classes <= NAMED_UP_TO else 0.2
    width, height = 0.55 + margin + side + 0.5 + _LIST_WIDTH, side + margin + 1.85
    words = "What is taken for what", subject, _caption(diagnosis, split)
    figure, bottom, top = headed(width, height, words)
    low, left = bottom + 0.42 + margin, 0.55 + margin
    axes = figure.add_axes((left / width, low / height, side / width, side / height))
    _draw_matrix(axes, diagnosis, 72 * side / max(classes, 1))
    beside = (left + side + 0.5) / width
    listed = diagnosis.pairs[: int((side - 1.6) / _LIST_ROW - 2.4)]
    _draw_list(figure, diagnosis.names, listed, (beside, (low + side) / height))
    _draw_keys(figure, diagnosis, beside, low / height)
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
        "Rows are true classes, columns what they are taken for; classes that are taken for each other stand together.",
        "Colour is the share of the row's images, mistakes on a square-root scale.",
        f"{absent:,} classes have no image and an empty row." if absent else "",
        "There is no room for names; look.html shows them." if len(diagnosis.names) > NAMED_UP_TO else "",
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
        _write_counts(axes, counts, shares, min(9.0, 0.34 * points))
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


def _write_counts(axes: Axes, counts: npt.NDArray[np.int64], shares: Shares, size: float) -> None:
    norm = _scale(shares)
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = shares[row, column]
        dark = share > 0.6 if row == column else norm(share) > 0.6  # noqa: PLR2004 - where white is read better
        axes.text(
            column, row, f"{counts[row, column]:,}", ha="center", va="center", size=size, color=GROUND if dark else INK
        )


def _number_pairs(axes: Axes, pairs: Sequence[Pair], counts: npt.NDArray[np.int64], order: Order) -> None:
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
        busy[_around(*at, busy)] += 4.0


def _free_spot(x: int, y: int, busy: Shares) -> tuple[float, float]:
    """Find the emptiest of the spots around a cell; of equally empty ones the nearest."""
    reach = 0.022 * len(busy)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    spots = [
        (x + reach * far * np.cos(angle), y + reach * far * np.sin(angle)) for far in (1, 1.5, 2) for angle in angles
    ]
    edge = 0.6 * reach
    inside = [spot for spot in spots if all(edge <= at <= len(busy) - 1 - edge for at in spot)]
    return min(inside, key=lambda spot: float(busy[_around(*spot, busy)].sum()))


def _around(x: float, y: float, busy: Shares) -> tuple[slice, slice]:
    """Return the cells that a number at (x, y) covers."""
    half = 0.011 * len(busy)
    rows, columns = ((max(0, round(at - half)), round(at + half) + 1) for at in (y, x))
    return slice(*rows), slice(*columns)


def _draw_list(figure: Figure, names: Sequence[str], pairs: Sequence[Pair], at_top: tuple[float, float]) -> None:
    """List the worst pairs, a line each: its number, true class, what it was taken for, count and share."""
    (width, height), (left, top) = figure.get_size_inches(), at_top
    at, down = (lambda inches: left + inches / width), _LIST_ROW / height
    figure.text(at(0), top, "Most often taken for another", size=10, weight="bold", va="top")
    heads = ((0.32, "true class", "left"), (1.95, "taken for", "left"), (3.88, "images", "right"), (4.4, "share", "right"))
    for x, word, side in heads:
        figure.text(at(x), top - 1.4 * down, word, size=7.5, color=MUTED, va="top", ha=side)
    if not pairs:
        figure.text(at(0.32), top - 2.4 * down, "Nothing is mistaken.", size=8, va="top")
    for place, pair in enumerate(pairs):
        y = top - (2.4 + place) * down
        true, predicted = (cut(names[index], _LIST) for index in (pair.true, pair.predicted))
        cells = ((0.2, str(place + 1), "right"), (0.32, true, "left"), (1.95, predicted, "left"))
        numbers = ((3.88, f"{pair.count:,}", "right"), (4.4, f"{show(pair.share, 'fraction')} %", "right"))
        for x, text, side in (*cells, *numbers):
            small = 6.6 if side == "left" and len(text) > 18 else 8  # noqa: PLR2004 - what fits its column
            figure.text(at(x), y, text, size=small, va="top", ha=side, color=MUTED if x < 0.3 else INK)


def _draw_keys(figure: Figure, diagnosis: Diagnosis, left: float, low: float) -> None:
    """Draw what the two colours mean, below the list."""
    width, height = figure.get_size_inches()
    most = _scale(row_shares(diagnosis.matrix)).vmax or 1.0
    ramp = np.linspace(0, 1, 128)
    keys = (
        ("mistaken: share of the class's images", ERROR_SHADES(np.sqrt(ramp)), most),
        ("right: share of the class's images", HIT_SHADES(ramp), 1.0),
    )
    for place, (word, colours, end) in enumerate(keys):
        axes = figure.add_axes((left, low + (0.62 * place + 0.22) / height, 2.2 / width, 0.13 / height))
        axes.imshow(np.asarray(colours)[None], aspect="auto", extent=(0, 100 * end, 0, 1))
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.set_xticks([0, 50 * end, 100 * end], ["0", f"{50 * end:.3g}", f"{100 * end:.3g} %"], size=7)
        axes.set_title(word, size=7.5, weight="normal", color=MUTED, pad=3)
        for spine in axes.spines.values():
            spine.set(visible=True, color=GRID)
