"""A page for each run of a report, in a folder beside it, and plotly.js once for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from bench.report.look import FindNames, look_over
from bench.report.look_page import SCRIPTS, WORDS, charts, heads_data, sections
from bench.report.site.folder import Page, SiteFolder
from bench.store.rows import RunRow
from bench.store.store import Store


def write_details(store: Store, report: Path, rows: Iterable[RunRow], find_names: FindNames) -> dict[str, str]:
    """Write the page of each run beside the report at `report`; return by run id where the report finds it.

    A run whose predictions are missing is shown by its epochs, and its page says why.
    """
    folder = report.with_name(f"{report.stem}-runs")
    site, back = SiteFolder(folder, ()), quote(os.path.relpath(report, folder))
    links: dict[str, str] = {}
    for row in rows:
        name = f"{row.run_id[:16]}.html"
        look = look_over(store, row.run_id, find_names)
        cards = list(sections(look))
        site.data(row.run_id[:16], {"charts": charts(cards), "heads": heads_data(look)})
        context = {"look": look, "cards": cards, "data": "", "back": back, "key": row.run_id[:16], **WORDS}
        data = [row.run_id[:16]]
        site.page(Page(name, look.title, "", "look.html.j2", context, SCRIPTS, data, plots=True))
        links[row.run_id] = quote(f"{folder.name}/{name}")
    site.finish()
    return links
