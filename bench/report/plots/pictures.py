"""What every PNG shares: colours, text that is shown as it is, and writing it whole; no display is needed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.disk.atomic import atomic_file
from bench.disk.special_files import is_stream
from bench.errors import BenchError
from bench.report.places import written_to

INK, SOFT, TRACK = "#1c2024", "#666d75", "#e9ecef"
STRONG, PALE, WRONG = "#0072b2", "#9cc3dc", "#d55e00"
"""Blue for what is meant or right, orange for what is wrong: told apart by the colour-blind."""

DPI = 150


def check_png(path: Path, also: str = "") -> Path:
    """Return a picture's path; raises BenchError unless it ends in .png and its place can be a file.

    `also` is another ending that would be taken, for the advice.
    """
    if path.suffix.lower() != ".png" and not is_stream(path):
        endings = f".png, or in {also} for a page" if also else ".png"
        raise BenchError(
            f"Cannot write the picture {path}.", "Pictures are PNG files.", f"End its name in {endings}."
        )
    if path.is_dir():
        raise BenchError(f"Cannot write the picture {path}.", "It is a folder.", "Give the name of a file.")
    return path


def new_figure(width: float, height: float) -> Figure:
    """Make a white figure of so many inches that belongs to nobody else."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure whole or not at all. Raises BenchError where that fails."""
    with written_to(path, "reports/picture.png"), atomic_file(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a script that the font lacks is drawn as boxes
        figure.savefig(temporary, format="png")


def one_line(text: str, longest: int = 0) -> str:
    """Put text on one line; with `longest`, in so many characters at most, cut in its middle."""
    flat = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    if longest and len(flat) > longest:
        tail = (longest - 1) // 2
        return f"{flat[: longest - 1 - tail]}…{flat[len(flat) - tail :]}"
    return flat


def write(axes: Any, x: float, y: float, text: str, **style: Any) -> Any:
    """Write text into axes exactly as it is: a dollar sign is no formula."""
    return axes.text(x, y, text, **{"color": INK, "parse_math": False, **style})


def bare(axes: Any) -> Any:
    """Take ticks and frame off axes."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return axes
