"""The page that lays two to five runs side by side: which ones is chosen in the browser, from the runs' data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.report.board.titles import DataNames
from bench.report.html import embedded_json
from bench.report.site.folder import Page, SiteFolder
from bench.report.site.material import COMPARE, Material, run_data, run_page
from bench.report.site.run_names import run_label, run_result
from bench.report.site.run_record import compared_columns
from bench.store.rows import RunRow

LEAST, MOST = 2, 5
"""How many runs are compared at a time."""

SCRIPTS = (
    "format.js",
    "theme.js",
    "sortable.js",
    "panels.js",
    "elements.js",
    "paired.js",
    "image_answers.js",
    "run_picker.js",
    "compare_numbers.js",
    "compare_tests.js",
    "compare_curves.js",
    "compare_classes.js",
    "compare_images.js",
    "compare.js",
)


def write_compare(site: SiteFolder, material: Material) -> None:
    """Write compare.html; the data of a run that it compares is what `write_runs` writes."""
    names = DataNames(material.detailed)
    data = {
        "runs": [_choice(row, names(row)) for row in material.detailed],
        "first": [row.run_id[:16] for row in _first_choice(material.detailed)],
        "least": LEAST,
        "most": MOST,
        "columns": compared_columns(),
    }
    context = {"data": embedded_json(data), "runs": material.detailed, "least": LEAST, "most": MOST}
    site.page(Page(COMPARE, "Compare runs", "Compare", "compare.html.j2", context, SCRIPTS, plots=True))


def _choice(row: RunRow, data: str) -> dict[str, Any]:
    """Describe a run as the pickers show it."""
    keys = {"id": row.run_id[:16], "page": run_page(row.run_id), "data_at": f"data/{run_data(row.run_id)}.js"}
    return {**keys, **run_label(row), "data": data, "result": run_result(row)}


def _first_choice(rows: Sequence[RunRow]) -> Sequence[RunRow]:
    """Choose what is compared at first: the best two of the first data that differ in more than their seed."""
    done = [row for row in rows if row.status == "done"]
    same = [row for row in done if (row.dataset, row.fingerprint, row.target) == _data(done[0])]
    different = {row.group_id: row for row in reversed(same)}
    chosen = [row for row in same if different[row.group_id] is row]
    return chosen[:LEAST] if len(chosen) >= LEAST else same[:LEAST]


def _data(row: RunRow) -> tuple[str, str | None, str]:
    return row.dataset, row.fingerprint, row.target
