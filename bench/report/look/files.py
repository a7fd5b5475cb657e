"""A look at a run as files: a picture for each chart, one page, all numbers as JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.disk.atomic import write_text
from bench.errors import BenchError, unknown_name
from bench.report.export.file_names import file_names
from bench.report.export.records import to_json
from bench.report.look.charts import calibration_chart, curves_chart
from bench.report.look.look import Head, Look, look_record
from bench.report.look.page import render_look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "html", "json")
_UNASKED = ("png", "html", "json")


def chosen_formats(asked: Collection[str]) -> tuple[str, ...]:
    """Return the formats that are asked for; all but SVG without any. An unknown one is an error."""
    for name in asked:
        if name not in FORMATS:
            raise unknown_name("format", name, FORMATS, BenchError)
    return tuple(name for name in FORMATS if name in (asked or _UNASKED))


def write_look(look: Look, folder: Path, formats: Collection[str], dpi: int) -> list[Path]:
    """Write the files of a look into a folder, each whole or not at all, and return their paths.

    Their names begin with the run's id, so that several runs share a folder. Raises BenchError where the folder
    cannot be written.
    """
    name = f"{look.row.run_id[:12]}-{look.split}"
    written: list[Path] = []
    try:
        for form in ("png", "svg"):
            if form in formats:
                written += _write_pictures(look, folder, form, dpi)
        if "html" in formats:
            written.append(folder / f"{name}.html")
            write_text(written[-1], render_look(look))
        if "json" in formats:
            written.append(folder / f"{name}.json")
            write_text(written[-1], to_json(look_record(look)) + "\n")
    except OSError as error:
        why = f"{error.strerror or error}."
        raise BenchError(
            f"Cannot write into '{folder}'.", why, "Name a folder, or one that can be made."
        ) from error
    return written


def _write_pictures(look: Look, folder: Path, form: str, dpi: int) -> Iterable[Path]:
    from bench.report.png.theme import write_picture  # noqa: PLC0415 - matplotlib is slow to import

    for name, draw in pictures(look):
        path = folder / f"{look.row.run_id[:12]}-{name}.{form}"
        write_picture(path, draw, form, dpi)
        yield path


def pictures(look: Look) -> Iterable[tuple[str, Callable[[], Figure]]]:
    """Yield each picture's name and what draws it; of several heads each has its own."""
    from bench.report.png.panels import draw_chart  # noqa: PLC0415 - matplotlib is slow to import

    if "curves" in look.parts and look.details.epochs:
        yield "curves", partial(draw_chart, curves_chart(look.details, look.title))
    for head, target in zip(look.heads, file_names([head.target for head in look.heads]), strict=True):
        yield from _head_pictures(look, head, target)


def _head_pictures(look: Look, head: Head, target: str) -> Iterable[tuple[str, Callable[[], Figure]]]:
    from bench.report.png.classes import draw_classes  # noqa: PLC0415 - matplotlib is slow to import
    from bench.report.png.confusion import draw_confusion  # noqa: PLC0415 - the same
    from bench.report.png.panels import draw_chart  # noqa: PLC0415 - the same

    several = len(look.heads) > 1
    name = f"{look.split}-{target}" if several else look.split
    subject = f"{look.title}, {head.target}" if several else look.title
    if "confusion" in look.parts:
        yield f"{name}-confusion", partial(draw_confusion, head.diagnosis, subject, look.split)
    if "classes" in look.parts:
        yield f"{name}-classes", partial(draw_classes, head.diagnosis, subject, look.split)
    if "calibration" in look.parts:
        chart = calibration_chart(head.diagnosis, subject, look.split)
        yield f"{name}-calibration", partial(draw_chart, chart)
