"""Write the per-image results of `bench transfer`: a table as CSV, JSON or HTML, and confusion plots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.data.raw import ImageSource
    from bench.records.transfers import Transfer
    from bench.transfer.images import ImageTable

EXAMPLE = "reports/transfer.csv"
_ENDINGS = (".csv", ".json", ".html", ".htm")


def count_of(text: str | None) -> int | None:
    """Read how many images are wanted; None is all of them. Raises BenchError for what is neither."""
    if text is None or text == "all":
        return None
    if text.isascii() and text.isdigit() and int(text[:10]) > 0:
        return int(text[:10])
    raise BenchError(
        f"Cannot read --images {text!r}.",
        "It is a number of images, or all.",
        "Write --images 100 or --images all.",
    )


def check_places(table: Path | None, confusion: Path | None) -> None:
    """Raise BenchError for endings that name no format, before anything is computed."""
    from bench.report.plots.pictures import check_png

    if table is not None and table.suffix.lower() not in _ENDINGS:
        raise BenchError(
            f"Cannot write the table {table}.",
            "It comes as CSV, JSON or a page.",
            "End its name in .csv, .json or .html.",
        )
    if confusion is not None:
        check_png(confusion)


def show_found(found: Transfer, table: ImageTable | None, *, alone: bool, json: bool) -> None:
    """Print an evaluation, and a table of its images unless a file has it: then it is not printed `alone`."""
    from bench.commands.display import terminal
    from bench.report.export.records import to_json
    from bench.report.terminal.transfer_view import image_table_view, transfer_record, transfer_view
    from bench.transfer.images import image_records

    if json:
        more = {"image_table": image_records(table)} if table else {}
        terminal.write(to_json({**transfer_record(found), **more}))
        return
    console = terminal.out()
    console.print(transfer_view(found, console))
    if table and alone:
        console.print(image_table_view(table))


def write_table(found: Transfer, table: ImageTable, source: ImageSource, path: Path) -> Path:
    """Write the table of images as the file's ending says, and return its path."""
    from bench.disk.atomic import write_text
    from bench.report.export.csv_text import to_csv
    from bench.report.export.records import to_json
    from bench.report.look.transferred_page import MOST, write_transferred
    from bench.report.places import written_to
    from bench.transfer.images import image_records

    ending = path.suffix.lower()
    if ending in (".html", ".htm"):
        if len(table.images) > MOST:
            raise BenchError(
                f"A page shows no {len(table.images):,} images.",
                f"It has room for {MOST:,}.",
                f"Take some at random, --images {MOST}, or write a .csv.",
            )
        write_transferred(found, table, [source.image(one.position) for one in table.images], path)
        return path
    records = image_records(table)
    text = to_csv(records, ("file", "label")) if ending == ".csv" else to_json(records) + "\n"
    with written_to(path, EXAMPLE):
        write_text(path, text)
    return path


def write_confusions(found: Transfer, path: Path) -> list[Path]:
    """Draw what each head takes their classes for; of several heads each has a file of its own."""
    from functools import partial

    from bench.report.export.file_names import sibling_paths
    from bench.report.places import written_to
    from bench.report.png.foreign_confusion import draw_foreign_confusion
    from bench.report.png.theme import write_picture

    heads = found.result["heads"]
    paths = sibling_paths(path, [head["target"] for head in heads])
    for head, file in zip(heads, paths, strict=True):
        subject = f"run {found.run_id[:12]}, {head['target']}, on {found.dataset}, {found.split}"
        with written_to(file, "reports/confusion.png"):
            write_picture(file, partial(draw_foreign_confusion, head, subject, found.images))
    return paths
