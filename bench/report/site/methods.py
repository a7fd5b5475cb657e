"""The methods page, so that a reader can judge the numbers: its template has the prose, the runs the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.errors import BenchError
from bench.registry.entries import BackboneEntry, DatasetEntry
from bench.registry.loading import Registry
from bench.report.board.chance import board_runs, flattered, flattery_panel, histogram, seed_noise
from bench.report.board.tables import Board, Entry
from bench.report.html import embedded_json
from bench.report.look.diagnosis import plain
from bench.report.run.details import RunDetails
from bench.report.site.checked_data import checked_sheet
from bench.report.site.folder import Page, SiteFolder
from bench.report.site.material import METHODS, Material, run_page
from bench.report.site.methods_tables import (
    backends_sheet,
    columns_sheet,
    datasets_sheet,
    environments_sheet,
    flattered_runs_sheet,
    flattery_sheet,
    noise_sheet,
    splits_sheet,
    weights_sheet,
)
from bench.report.sweeps.cache_savings import PassUse, savings
from bench.store.rows import RunRow
from bench.store.store import Store
from bench.units import show

MOST_PANELS = 6
LEAST_DRAWN = 3
"""Of fewer runs than these the table says as much as a plot."""
SCRIPTS = ("format.js", "theme.js", "sortable.js", "sheet.js", "panels.js", "follow.js", "methods.js")


def write_methods(site: SiteFolder, material: Material) -> None:
    """Write the methods page, of the runs that the report shows."""
    boards = material.report.boards
    rows = {row.run_id: row for board in boards for row in board_runs(board)}
    found = [flattered(board) for board in boards]
    panels = [flattery_panel(one) for one in found if len(one.gains) >= LEAST_DRAWN][:MOST_PANELS]
    detailed = frozenset(row.run_id for row in material.detailed)
    context = {
        **_registry_parts(list(rows.values()), material),
        **_repeat(material.store, boards),
        "filters": material.report.filters,
        "runs": len(rows),
        "protocols": sorted({row.protocol for row in rows.values()}),
        "splits": splits_sheet(rows.values()),
        "checked": checked_sheet(rows.values(), material.find_check),
        "columns": columns_sheet(),
        "shared": _shared_example(material.store, rows),
        "flattery": flattery_sheet(found) if any(one.gains for one in found) else None,
        "flattered_runs": flattered_runs_sheet(found, detailed),
        "flattered": found,
        "histograms": [(one.title, histogram(gain for gain, _ in one.gains)) for one in found if one.gains],
        "panels": panels,
        "noise": noise_sheet(map(seed_noise, boards)),
        "noises": [seed_noise(board) for board in boards],
        "backends": backends_sheet(rows.values()),
        "environments": environments_sheet(material.store.sweep_work.environments()),
        "detailed": detailed,
        "run_page": run_page,
        "show": show,
        "data": embedded_json({"panels": plain(panels)}),
    }
    site.page(Page(METHODS, "Methods", "Methods", "methods.html.j2", context, SCRIPTS, plots=bool(panels)))


def _registry_parts(rows: Sequence[RunRow], material: Material) -> dict[str, Any]:
    """Return what needs the registry; where it cannot be read, what it would say is missing."""
    try:
        registry = Registry.load()
        datasets, backbones = registry.all(DatasetEntry), registry.all(BackboneEntry)
    except BenchError:
        datasets, backbones = [], []
    overlaps = material.report.overlaps
    return {
        "datasets": datasets_sheet((row.dataset for row in rows), datasets, overlaps),
        "weights": weights_sheet(rows, backbones, overlaps),
    }


def _shared_example(store: Store, rows: Mapping[str, RunRow]) -> tuple[PassUse, RunRow] | None:
    """Return the feature pass that most runs read, and the run that reads it and ranks best; None without any."""
    done = {run_id: row for run_id, row in rows.items() if row.feature_s}
    uses = [use for one in savings(store.sweep_work.passes(), done) for use in one.passes]
    if not uses:
        return None
    most = max(uses, key=lambda use: (len(use.runs), use.seconds, use.backbone))
    return most, max((done[run_id] for run_id in most.runs), key=lambda row: (row.val_top1 or 0.0, row.run_id))


def _repeat(store: Store, boards: Sequence[Board]) -> dict[str, Any]:
    """Return the run that ranks first on the first board, and how it was made."""
    first = next((entry for board in boards for entry in board.entries if _is_best(entry)), None)
    if first is None:
        return {"best": None, "command": None, "commit": "", "dirty": False}
    row = first.group.first
    details = RunDetails(store.run(row.run_id), (), store.attempts(row.run_id))
    attempt = details.telling_attempt
    made = attempt.provenance if attempt else {}
    commit, dirty = str(made.get("commit") or ""), bool(made.get("dirty"))
    return {"best": row, "command": details.command, "commit": commit, "dirty": dirty}


def _is_best(entry: Entry) -> bool:
    return entry.rank == 1 and entry.group.ensemble is None
