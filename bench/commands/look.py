"""`bench look`: what one run gets right and wrong, and how surely."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.given import listed, not_empty
from bench.commands.options import AsJson, Db
from bench.errors import BenchError

Run = Annotated[
    str, typer.Argument(callback=not_empty, help="The run's id, or as many of its first digits as tell it apart.")
]
Split = Annotated[str, typer.Option("--split", help="Which predictions to look at: test or val.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write files into this folder instead of showing a summary.")
]
What = Annotated[
    list[str] | None,
    typer.Option(
        "--what",
        callback=listed,
        help="curves, confusion, classes, calibration; comma-separated; default: all.",
    ),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        callback=listed,
        help="With --out: png, html, json (the default), svg; comma-separated.",
    ),
]
Dpi = Annotated[int, typer.Option("--dpi", min=50, max=600, help="With --out: dots per inch of PNGs.")]


def look(
    run: Run,
    *,
    db: Db = None,
    split: Split = "test",
    out: Out = None,
    what: What = None,
    formats: Formats = None,
    dpi: Dpi = 150,
    json: AsJson = False,
) -> None:
    """Look at a run: curves, confusion matrix, classes, calibration; from kept predictions, without a model.

    A run that is not done has no predictions: its curves are shown. The temperature is fitted on validation.

    Example: bench look 3fa9c1 --out looks --format png,html
    """
    if split not in ("test", "val"):
        raise BenchError(f"Unknown split {split!r}.", "Valid: test, val.", "Take one of them.")
    if formats and out is None:
        raise BenchError("--format writes files.", "No folder is named for them.", "Add --out FOLDER.")
    if json and out is not None:
        raise BenchError("--json and --out cannot go together.", "--json writes to stdout.", "Take --format json.")
    from bench.commands.display import terminal
    from bench.inference.class_names import class_names
    from bench.report.export.records import to_json
    from bench.report.look.files import chosen_formats, write_look
    from bench.report.look.look import look_at, look_record
    from bench.report.terminal.look_view import look_view
    from bench.store.store import Store

    wanted = chosen_formats(formats or [])
    with Store.open(db, create=False) as store:
        seen = look_at(store, run, class_names, split="val" if split == "val" else "test", what=what or [])
    console = terminal.out()
    if json:
        terminal.write(to_json(look_record(seen)))
    elif out is None:
        console.print(look_view(seen, console))
    else:
        paths = write_look(seen, out, wanted, dpi)
        for note in seen.notes:
            terminal.say(f"note: {note}")
        for path in paths:
            console.print(str(path), soft_wrap=True)
