"""A page for each run of a report, in a folder beside it, and plotly.js once for all of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from bench.atomic import write_text
from bench.errors import BenchError, StoreError
from bench.report.look import FindNames, Look, look_at
from bench.report.look_page import plotly_script, render_look
from bench.store.rows import RunRow
from bench.store.store import Store

PLOTLY = "plotly.min.js"


def write_details(store: Store, report: Path, rows: Iterable[RunRow], find_names: FindNames) -> dict[str, str]:
    """Write the page of each run beside the report at `report`; return by run id where the report finds it.

    A run whose predictions are missing is shown by its epochs, and its page says why; one without epochs either
    has no page.
    """
    folder = report.with_name(f"{report.stem}-runs")
    back = quote(os.path.relpath(report, folder))
    links: dict[str, str] = {}
    for row in rows:
        if look := _look(store, row, find_names):
            name = f"{row.run_id[:16]}.html"
            write_text(folder / name, render_look(look, plotly_at=PLOTLY, back=back))
            links[row.run_id] = quote(f"{folder.name}/{name}")
    if links:
        write_text(folder / PLOTLY, plotly_script())
    return links


def _look(store: Store, row: RunRow, find_names: FindNames) -> Look | None:
    try:
        return look_at(store, row.run_id, find_names)
    except StoreError as error:  # its predictions are missing or damaged
        with contextlib.suppress(BenchError):  # and it has no epochs
            look = look_at(store, row.run_id, find_names, what=("curves",))
            return replace(look, notes=(*look.notes, f"{error.what} {error.why} So only its epochs are shown."))
    return None
