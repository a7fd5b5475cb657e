"""Images of another dataset beside what a run says of them, as one HTML file that opens offline."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bench.disk.atomic import write_text
from bench.records.transfers import Transfer
from bench.report.places import written_to
from bench.report.site.shell import Shell, render_page
from bench.transfer.images import ImageTable
from bench.units import show

MOST = 1000
"""How many images one page shows."""

SIDE = 96
"""Pixels of an image's longer side on the page."""

_SCRIPTS = ("theme.js", "sortable.js", "transferred.js")


def write_transferred(transfer: Transfer, table: ImageTable, images: Sequence[Image.Image], path: Path) -> None:
    """Write the page, its images in it. Raises BenchError where it cannot be written."""
    title = f"{transfer.run_id[:12]} on {transfer.dataset}, {transfer.split}"
    context = {
        "transfer": transfer,
        "table": table,
        "sources": [(_embedded(image), max(image.size) < SIDE) for image in images],
        "heads": [head.target for head in table.images[0].heads] if table.images else [],
        "readings": list(table.images[0].heads[0].expected) if table.images and table.images[0].heads else [],
        "show": show,
    }
    page = render_page("transferred.html.j2", Shell(title, scripts=_SCRIPTS, inline=True), context)
    with written_to(path, "reports/transfer.html"):
        write_text(path, page)


def _embedded(image: Image.Image) -> str:
    small, data = image.copy(), io.BytesIO()
    small.thumbnail((SIDE, SIDE))
    small.save(data, "PNG")
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
