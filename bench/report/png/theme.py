"""How every picture looks: light ground, one font, quiet axes; and how it is written."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from bench.disk.atomic import atomic_file, disk_errors
from bench.report.plots.charts import Axis

INK, MUTED, LINE, GRID, GROUND = "#16191d", "#5b636c", "#b9bdb9", "#ecece8", "#ffffff"
DPI = 150

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Noto Sans CJK JP", "Noto Sans", "Arial Unicode MS", "sans-serif"],
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called `$x$`
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlepad": 9.0,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "bench",  # ids of a clip path follow from what is drawn
    "pdf.fonttype": 42,  # letters stay letters
}
_UNDATED: Any = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def write_picture(path: Path, draw: Callable[[], Figure], kind: str = "png", dpi: int = DPI) -> None:
    """Draw in the common style and write the file, whole or not at all; `kind` is png, svg or pdf.

    The same numbers make the same bytes. Raises DiskFullError where there is no room, StoreError where
    the folder cannot be written.
    """
    picture = io.BytesIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # no font here knows every script
        figure = draw()
        FigureCanvasAgg(figure)
        figure.savefig(picture, format=kind, dpi=dpi, facecolor=GROUND, metadata=_UNDATED.get(kind))
    with disk_errors(path), atomic_file(path) as temporary:
        temporary.write_bytes(picture.getvalue())


def headed(width: float, height: float, words: tuple[str, str, str]) -> tuple[Figure, float, float]:
    """Make a figure (inches) with its title and subject at the top and its caption at the bottom.

    Returns it with the bottom and the top of the room that is left between them, in inches from below.
    """
    title, subject, caption = words
    figure = Figure(figsize=(width, height))
    lines = wrapped(caption, width - 0.6)
    left = 0.3 / width
    figure.text(left, 1 - 0.22 / height, title, size=13, weight="bold", va="top")
    figure.text(left, 1 - 0.5 / height, cut(subject, int(width * 15)), size=8.5, color=MUTED, va="top")
    figure.text(left, 0.18 / height, "\n".join(lines), va="bottom", linespacing=1.4, size=8, color=MUTED)
    return figure, 0.26 + 0.165 * len(lines), height - 0.72


def wrapped(text: str, width: float) -> list[str]:
    """Break text into lines that fit `width` inches at the size of a caption."""
    from textwrap import wrap  # noqa: PLC0415 - beside its only use

    return wrap(text, max(20, int(width * 17))) or [""]


def scaled(axes: Axes, x: Axis, y: Axis) -> None:
    """Give a pair of axes their labels, ranges and tick texts."""
    axes.set_xlabel(x.label, size=8.5)
    axes.set_ylabel(y.label, size=8.5)
    axes.set_xlim(*_reach(x, axes.get_xlim()))
    axes.set_ylim(*_reach(y, axes.get_ylim()))
    for described, own, set_scale in ((x, axes.xaxis, axes.set_xscale), (y, axes.yaxis, axes.set_yscale)):
        if described.log:
            set_scale("log")
            own.set_minor_formatter(NullFormatter())
            continue
        own.set_major_locator(MaxNLocator(6, integer=described.whole, steps=[1, 2, 2.5, 5, 10]))
        own.set_major_formatter(FuncFormatter(_percent if described.percent else _number))


def cut(text: str, most: int) -> str:
    """Keep text on one line of at most `most` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def _reach(axis: Axis, found: tuple[float, float]) -> tuple[float, float]:
    """Bound an axis as it asks, else by its values."""
    return axis.low if axis.low is not None else found[0], axis.high if axis.high is not None else found[1]


def _percent(value: float, _: int) -> str:
    return f"{100 * value:.4g}"


def _number(value: float, _: int) -> str:
    return f"{value:,.0f}" if value == round(value) and abs(value) >= 1 else f"{value:.4g}"
